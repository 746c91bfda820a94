"""What is sent through PostgreSQL's NOTIFY: which runs, of which domains, have changed."""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

CHANNEL: Final = "aegis_runs"
_PAYLOAD_MAX_BYTES: Final = 7_900  # PostgreSQL refuses 8000


class RunChanged(NamedTuple):
    """A run was changed, created or deleted; keys as in the database."""

    domain_id: int
    run_id: int


def payloads(changes: Iterable[RunChanged]) -> Iterator[str]:
    """The changes as texts, each short enough for one NOTIFY: `3.17 3.18 5.20`."""
    words: list[str] = []
    length = 0
    for one in changes:
        word = f"{one.domain_id}.{one.run_id}"
        if length + len(word) + 1 > _PAYLOAD_MAX_BYTES:
            yield " ".join(words)
            words, length = [], 0
        words.append(word)
        length += len(word) + 1
    if words:
        yield " ".join(words)


def changes_in(payload: str) -> list[RunChanged]:
    """The changes in a payload. Raises ValueError for a text that is not in this form."""
    changes = []
    for word in payload.split():
        domain_id, _, run_id = word.partition(".")
        changes.append(RunChanged(int(domain_id), int(run_id)))
    return changes
