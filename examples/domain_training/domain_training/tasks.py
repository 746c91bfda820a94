"""What is optimised: a program, the samples to learn from and to choose by, and how answers are compared."""

from collections.abc import Callable
from dataclasses import dataclass

import dspy

from domain_training import programs
from domain_training.dataset import Dataset
from domain_training.metric import compare_entities, compare_relations
from domain_training.scoring import Comparison


@dataclass(frozen=True)
class Task:
    """One of the two extractions. `metric_name` is how its F1 is reported."""

    name: str
    program: dspy.Predict
    train: list[dspy.Example]
    dev: list[dspy.Example]
    test: list[dspy.Example]
    compare: Callable[[dspy.Example, dspy.Prediction], Comparison]

    @property
    def metric_name(self) -> str:
        """`entity_f1` or `relation_f1`."""
        return f"{self.name}_f1"


def make_tasks(domain: str, dataset: Dataset) -> tuple[Task, Task]:
    """The entity and the relation task. Neither sees the other's answers."""
    entity, relation = programs.entity_examples, programs.relation_examples
    splits = (dataset.train, dataset.dev, dataset.test)
    return (
        Task("entity", programs.entity_program(domain), *map(entity, splits), compare_entities),
        Task("relation", programs.relation_program(domain), *map(relation, splits), compare_relations),
    )
