"""What is optimised: a program, the samples to learn from and to choose by, and how answers are compared."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import dspy

from domain_training import programs
from domain_training.dataset import Dataset, Sample
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
    return (
        _task("entity", programs.entity_program(domain), programs.entity_examples, dataset, compare_entities),
        _task(
            "relation",
            programs.relation_program(domain),
            programs.relation_examples,
            dataset,
            compare_relations,
        ),
    )


def _task(
    name: str,
    program: dspy.Predict,
    make_examples: Callable[[Iterable[Sample]], list[dspy.Example]],
    dataset: Dataset,
    compare: Callable[[dspy.Example, dspy.Prediction], Comparison],
) -> Task:
    return Task(
        name,
        program,
        train=make_examples(dataset.train),
        dev=make_examples(dataset.dev),
        test=make_examples(dataset.test),
        compare=compare,
    )
