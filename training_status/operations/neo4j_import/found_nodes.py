"""Collecting the nodes and relationships of an export that are of interest, as one line after the other is read.

Of a node it keeps little more than its place in the file, so its memory does not grow with the size of the logs.
"""

import hashlib
from datetime import datetime
from typing import Any, Final, NamedTuple

from training_status.errors import InvalidInput
from training_status.operations.neo4j_import.apoc_lines import (
    TRAINING_LOG,
    DomainProperties,
    LogFacts,
    LogProperties,
    Node,
    Relationship,
    properties_of,
    read_line,
)
from training_status.operations.neo4j_import.log_entries import first_time
from training_status.operations.neo4j_import.log_messages import split_messages
from training_status.operations.neo4j_import.notes import Notes
from training_status.operations.neo4j_import.plain_values import read_time, shown
from training_status.operations.neo4j_import.report import Refused, Skipped

_BROKEN_LINES_MAX: Final = 100  # that are reported one by one


class Place(NamedTuple):
    """Where a node's line is, and what its node is called."""

    line: int
    offset: int
    length: int
    node_id: str


class LogNode(NamedTuple):
    """A log. `id` is its own, not that of the node; `notes` are what was found out about it."""

    place: Place
    id: Any
    started_at: datetime | None
    is_finished: bool
    notes: list[str]


class _Seen(NamedTuple):
    line: int
    digest: bytes


class FoundNodes:
    """The nodes by their ids, which domains the logs have, and what cannot be read.

    Of a domain its name is kept, of any type. A log of `with_two_domains` has more than the one in `domain_of`.
    """

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._seen: dict[str, _Seen] = {}
        self._broken = 0
        self.domains: dict[str, tuple[Place, Any]] = {}
        self.logs: dict[str, LogNode] = {}
        self.domain_of: dict[str, str] = {}
        self.with_two_domains: set[str] = set()
        self.problems: list[Refused | Skipped] = []

    def add(self, place: Place, raw: bytes) -> None:
        """Take the next line."""
        try:
            self._take(place, raw)
        except InvalidInput as error:
            self._broken += 1
            if self._broken <= _BROKEN_LINES_MAX:
                self.problems.append(Refused(f"line {place.line:,}", error.detail))

    def _take(self, place: Place, raw: bytes) -> None:
        found = read_line(raw)
        if isinstance(found, Relationship):
            if self.domain_of.setdefault(found.log_id, found.domain_id) != found.domain_id:
                self.with_two_domains.add(found.log_id)
        elif found is not None and self._is_new(found, place := place._replace(node_id=found.id), raw):
            if found.label == TRAINING_LOG:
                self.logs[found.id] = self._log(found, place)
            else:
                self.domains[found.id] = place, properties_of(found, DomainProperties).name

    def finish(self) -> None:
        """All lines were added. Raises InvalidInput if there is neither a domain nor a log."""
        if self._broken > _BROKEN_LINES_MAX:
            more = self._broken - _BROKEN_LINES_MAX
            self.problems.append(Refused(f"{more:,} more lines", "they cannot be read either"))
        if not self.domains and not self.logs:
            what = "The file has no Domain and no TrainingLog node"
            first = next(iter(self.problems), None)
            raise InvalidInput(f"{what}{f'; {first.name}: {first.reason}' if first else ''}.")

    def _is_new(self, node: Node, place: Place, raw: bytes) -> bool:
        content = memoryview(raw)[:-1] if raw.endswith(b"\n") else raw
        digest = hashlib.blake2b(content, digest_size=16).digest()
        before = self._seen.setdefault(node.id, _Seen(place.line, digest))
        if before.line == place.line:
            return True
        name = f"line {place.line:,}"
        if before.digest == digest:
            self.problems.append(Skipped(name, f"it is the same as line {before.line:,}"))
        else:
            self.problems.append(
                Refused(name, f"its node {shown(node.id)} is already in line {before.line:,}, with other content")
            )
        return False

    def _log(self, node: Node, place: Place) -> LogNode:
        facts = properties_of(node, LogFacts)
        started_at = read_time(facts.started_at, self._now)
        notes = []
        if started_at is None:
            notes.append("Its started_at is missing or unusable: it started with its first message or its end")
            messages = split_messages(properties_of(node, LogProperties).log_messages, Notes())
            started_at = first_time(messages, self._now) or read_time(facts.completed_at, self._now)
        own_id = facts.id if isinstance(facts.id, str | int) else None
        return LogNode(place, own_id, started_at, facts.status in ("completed", "failed"), notes)
