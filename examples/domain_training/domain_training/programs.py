"""The two programs that are optimised, and the samples in the form DSPy wants them."""

from collections.abc import Iterable

import dspy
from pydantic import BaseModel

from domain_training.dataset import Sample


class RelationAnswer(BaseModel):
    """A relation as a model answers it."""

    subject: str
    predicate: str
    object: str


class ExtractEntities(dspy.Signature):
    """Placeholder: the instruction names the domain."""

    text: str = dspy.InputField()
    entities: list[str] = dspy.OutputField(desc="quoted from the text, letter by letter")


class ExtractRelations(dspy.Signature):
    """Placeholder: the instruction names the domain."""

    text: str = dspy.InputField()
    relations: list[RelationAnswer] = dspy.OutputField()


def entity_program(domain: str) -> dspy.Predict:
    """The program as it is before optimisation: the shortest instruction that says the task."""
    return dspy.Predict(ExtractEntities.with_instructions(f"Extract the {domain} entities of the text."))


def relation_program(domain: str) -> dspy.Predict:
    """The program as it is before optimisation: the shortest instruction that says the task."""
    return dspy.Predict(ExtractRelations.with_instructions(f"Extract the {domain} relations that the text states."))


def entity_examples(samples: Iterable[Sample]) -> list[dspy.Example]:
    """Texts with their entities."""
    return [dspy.Example(text=s.text, entities=list(s.entities)).with_inputs("text") for s in samples]


def relation_examples(samples: Iterable[Sample]) -> list[dspy.Example]:
    """Texts with their relations."""
    return [
        dspy.Example(
            text=s.text,
            relations=[RelationAnswer(subject=r.subject, predicate=r.predicate, object=r.object) for r in s.relations],
        ).with_inputs("text")
        for s in samples
    ]
