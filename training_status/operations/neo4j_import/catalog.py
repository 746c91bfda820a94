"""The first pass over an export: which domains and logs there are, where in the file, and which logs belong together.

Of a node it keeps little more than its place in the file, so its memory does not grow with the size of the logs.
"""

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO, Any, Final, NamedTuple
from uuid import UUID, uuid5

from django.utils import timezone

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
from training_status.operations.neo4j_import.domain_of_node import is_valid_name, valid_name
from training_status.operations.neo4j_import.log_entries import first_time
from training_status.operations.neo4j_import.log_messages import split_messages
from training_status.operations.neo4j_import.notes import Notes
from training_status.operations.neo4j_import.plain_values import cut_text, plain_text, read_time
from training_status.operations.neo4j_import.report import Refused, Skipped

# Of the ids of runs whose own id is no UUID. It must never change.
_RUN_IDS: Final = UUID("5b0f6c1e-8f0b-4c0e-9d5e-6f7e0a4a2d11")
_BROKEN_LINES_MAX: Final = 100  # that are reported one by one


class Place(NamedTuple):
    """Where a node's line is, and what its node is called."""

    line: int
    offset: int
    length: int
    node_id: str


@dataclass(slots=True)
class FoundLog:
    """A log that can be imported. `notes` are what was found out about it before its messages are read."""

    place: Place
    public_id: UUID
    started_at: datetime
    is_finished: bool
    notes: list[str]

    @property
    def name(self) -> str:
        """How the report calls it."""
        return f"run {self.public_id} (line {self.place.line:,})"


@dataclass(slots=True)
class FoundDomain:
    """A domain with its logs, in the order in which their runs are numbered."""

    name: str
    place: Place
    logs: list[FoundLog] = field(default_factory=list)


@dataclass(slots=True)
class Catalog:
    """What can be imported, by domain in the order of their names, and what cannot."""

    domains: list[FoundDomain]
    problems: list[Refused | Skipped]

    def domain(self, name: str) -> FoundDomain:
        """The domain with this name. Raises InvalidInput if there is none."""
        for domain in self.domains:
            if domain.name == name:
                return domain
        raise InvalidInput(f"The file has no domain '{name}' that can be imported.")


def read_catalog(file: IO[bytes], progress: Callable[[int, int], None] = lambda done, total: None) -> Catalog:
    """Read the whole file once; it must be seekable. `progress` is called with the bytes done and their total.

    Raises InvalidInput if it is no export, or has neither domains nor logs.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    nodes = _Nodes(timezone.now())
    for place, raw in _lines(file):
        if place.line == 1:
            _check_format(raw)
        if not raw.isspace():
            nodes.add(place, raw)
        progress(place.offset + place.length, size)
    return nodes.catalog()


def node_at(file: IO[bytes], place: Place) -> Node:
    """Read a node again. Raises InvalidInput if something else is there now."""
    file.seek(place.offset)
    node = read_line(file.read(place.length))
    if not isinstance(node, Node) or node.id != place.node_id:
        raise InvalidInput("the file was changed while it was read")
    return node


def _lines(file: IO[bytes]) -> Iterator[tuple[Place, bytes]]:
    offset = 0
    for number, raw in enumerate(file, start=1):
        yield Place(number, offset, len(raw), ""), raw
        offset += len(raw)


def _check_format(raw: bytes) -> None:
    start = raw[:1000].removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"\x1f\x8b"):
        raise InvalidInput("The file is compressed: unpack it first.")
    if start.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in start[:4]:
        raise InvalidInput("The file is not UTF-8: export it with the charset UTF_8.")
    if start.startswith((b"[", b'{"nodes"', b'{"rels"')):
        raise InvalidInput("The file is one JSON value, not lines of JSON: export it with jsonFormat 'JSON_LINES'.")


class _FoundNode(NamedTuple):
    place: Place
    digest: bytes


class _LogNode(NamedTuple):
    place: Place
    id: Any
    started_at: datetime | None
    is_finished: bool
    notes: list[str]


class _Nodes:
    """Collects the nodes and relationships of a file, in any order."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._seen: dict[str, _FoundNode] = {}
        self._domains: dict[str, tuple[Place, Any]] = {}  # the name by the id of the node
        self._logs: dict[str, _LogNode] = {}
        self._domain_of: dict[str, str] = {}  # by the ids of the nodes
        self._with_two_domains: set[str] = set()
        self._problems: list[Refused | Skipped] = []
        self._broken = 0

    def add(self, place: Place, raw: bytes) -> None:
        """Take the next line."""
        try:
            found = read_line(raw)
        except InvalidInput as error:
            self._broken += 1
            if self._broken <= _BROKEN_LINES_MAX:
                self._problems.append(Refused(f"line {place.line:,}", error.detail))
            return
        if isinstance(found, Relationship):
            if self._domain_of.setdefault(found.log_id, found.domain_id) != found.domain_id:
                self._with_two_domains.add(found.log_id)
        elif found is not None and self._is_new(found, place := place._replace(node_id=found.id), raw):
            if found.label == TRAINING_LOG:
                self._logs[found.id] = self._log(found, place)
            else:
                self._domains[found.id] = place, properties_of(found, DomainProperties).name

    def catalog(self) -> Catalog:
        """Put together what belongs together. Raises InvalidInput if there is nothing."""
        if self._broken > _BROKEN_LINES_MAX:
            more = self._broken - _BROKEN_LINES_MAX
            self._problems.append(Refused(f"{more:,} more lines", "they cannot be read either"))
        if not self._domains and not self._logs:
            what = "It has no Domain and no TrainingLog node"
            first = next(iter(self._problems), None)
            raise InvalidInput(f"{what}{f'; {first.name}: {first.reason}' if first else ''}.")
        names = self._names()
        domains = {name: FoundDomain(name, self._domains[node_id][0]) for node_id, name in reversed(names.items())}
        lines_of_ids: dict[UUID, int] = {}
        for log in self._logs.values():
            try:
                name = self._name_of_domain(log, names)
                found = self._found(log, name, lines_of_ids)
            except InvalidInput as error:
                self._problems.append(Refused(_log_name(log), error.detail))
            else:
                domains[name].logs.append(found)
        for domain in domains.values():
            domain.logs.sort(key=lambda log: (log.started_at, str(log.public_id)))
            for earlier, later in zip(domain.logs, domain.logs[1:], strict=False):
                if earlier.started_at == later.started_at:
                    later.notes.append(
                        f"It started at the same moment as {earlier.name}: their ids decide which is first"
                    )
        return Catalog([domains[name] for name in sorted(domains)], self._problems)

    def _is_new(self, node: Node, place: Place, raw: bytes) -> bool:
        digest = hashlib.blake2b(raw.strip(), digest_size=16).digest()
        before = self._seen.setdefault(node.id, _FoundNode(place, digest))
        if before.place.line == place.line:
            return True
        name = f"line {place.line:,}"
        if before.digest == digest:
            self._problems.append(Skipped(name, f"it is the same as line {before.place.line:,}"))
        else:
            self._problems.append(
                Refused(
                    name, f"its node {_shown(node.id)} is already in line {before.place.line:,}, with other content"
                )
            )
        return False

    def _log(self, node: Node, place: Place) -> _LogNode:
        facts = properties_of(node, LogFacts)
        started_at = read_time(facts.started_at, self._now)
        notes = []
        if started_at is None:
            notes.append("Its started_at is missing or unusable: it started with its first message or its end")
            messages = split_messages(properties_of(node, LogProperties).log_messages, Notes())
            started_at = first_time(messages, self._now) or read_time(facts.completed_at, self._now)
        own_id = facts.id if isinstance(facts.id, str | int) else None
        return _LogNode(place, own_id, started_at, facts.status in ("completed", "failed"), notes)

    def _names(self) -> dict[str, str]:
        """The names of the domains by the ids of their nodes. One whose name is taken by another is refused."""
        names: dict[str, str] = {}
        owners: dict[str, Any] = {name: name for _, name in self._domains.values() if _is_own(name)}
        for node_id, (place, original) in self._domains.items():
            name = valid_name(original)
            called = f"domain {_shown(original)} (line {place.line:,})"
            if name is None:
                reason = "a name has 2 to 100 small letters, digits and underscores, and begins with a letter"
                self._problems.append(Refused(called, reason))
            elif owners.setdefault(name, original) != original:
                self._problems.append(Refused(called, f"it would be called {name}, which is another domain's name"))
            else:
                if name in names.values():
                    self._problems.append(Skipped(called, "the file has this domain already: its runs are joined"))
                names[node_id] = name
        return names

    def _name_of_domain(self, log: _LogNode, names: dict[str, str]) -> str:
        node_id = log.place.node_id
        if node_id in self._with_two_domains:
            raise InvalidInput("two domains have this log")
        if node_id not in self._domain_of:
            raise InvalidInput("no domain has this log: the file has no HAS_TRAINING_LOG relationship to it")
        domain_id = self._domain_of[node_id]
        if domain_id not in self._domains:
            raise InvalidInput(f"its domain, the node {_shown(domain_id)}, is not in the file")
        if domain_id not in names:
            raise InvalidInput("its domain was refused")
        return names[domain_id]

    def _found(self, log: _LogNode, domain_name: str, lines_of_ids: dict[UUID, int]) -> FoundLog:
        if log.started_at is None:
            raise InvalidInput("it has no usable time: neither it nor a message says when it was")
        public_id = _public_id(log.id, domain_name, f"{log.place.node_id}/{log.started_at.isoformat()}")
        first_line = lines_of_ids.setdefault(public_id, log.place.line)
        if first_line != log.place.line:
            raise InvalidInput(f"another TrainingLog, in line {first_line:,}, has the same id")
        return FoundLog(log.place, public_id, log.started_at, log.is_finished, log.notes)


def _public_id(own_id: Any, domain_name: str, instead: str) -> UUID:
    """The log's own id if it is a UUID, else one derived from it, or from something `instead` of a missing id."""
    try:
        return UUID(str(own_id))
    except ValueError:
        return uuid5(_RUN_IDS, f"{domain_name}/{instead if own_id is None else plain_text(str(own_id))}")


def _is_own(name: Any) -> bool:
    return isinstance(name, str) and is_valid_name(name)


def _log_name(log: _LogNode) -> str:
    return f"run {_shown(log.place.node_id if log.id is None else log.id)} (line {log.place.line:,})"


def _shown(value: Any) -> str:
    return cut_text(plain_text(value if isinstance(value, str) else repr(value)), 400)
