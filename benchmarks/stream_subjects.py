"""What is watched: running runs, each of a domain of its own, and who may watch them."""

from itertools import count
from typing import NamedTuple
from uuid import UUID

_numbers = count(1)


class Subject(NamedTuple):
    """A running run and its domain."""

    domain: str
    run: UUID


def make_subjects(how_many: int) -> list[Subject]:
    """New ones, without an entry."""
    from tests.support.factories import DomainFactory, TrainingRunFactory

    subjects = []
    for _ in range(how_many):
        name = f"watched_{next(_numbers)}"
        run = TrainingRunFactory(domain=DomainFactory(name=name), run_number=1, running=True)
        subjects.append(Subject(name, run.public_id))
    return subjects


def make_token() -> str:
    """A viewer's."""
    from training_status.access.tokens import create_token

    _, token = create_token("benchmark", "viewer")
    return token
