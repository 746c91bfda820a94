"""The first pass over an export: which domains it has, with which runs, in which order, and where in the file."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import IO, Any, Final
from uuid import UUID, uuid5

from django.utils import timezone

from training_status.errors import InvalidInput
from training_status.operations.neo4j_import.apoc_lines import Node, read_line
from training_status.operations.neo4j_import.domain_of_node import is_valid_name, valid_name
from training_status.operations.neo4j_import.found_nodes import FoundNodes, LogNode, Place
from training_status.operations.neo4j_import.plain_values import plain_text, shown
from training_status.operations.neo4j_import.report import Refused, Skipped

# Of the ids of runs whose own id is no UUID. It must never change.
_RUN_IDS: Final = UUID("5b0f6c1e-8f0b-4c0e-9d5e-6f7e0a4a2d11")


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
    nodes = FoundNodes(timezone.now())
    for place, raw in _lines(file):
        if place.line == 1:
            _check_format(raw)
        if not raw.isspace():
            nodes.add(place, raw)
        progress(place.offset + place.length, size)
    nodes.finish()
    return _catalog(nodes)


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


def _catalog(nodes: FoundNodes) -> Catalog:
    """Put together what belongs together."""
    names = _names(nodes)
    domains = {name: FoundDomain(name, nodes.domains[node_id][0]) for node_id, name in reversed(names.items())}
    lines_of_ids: dict[UUID, int] = {}
    for log in nodes.logs.values():
        try:
            name = _name_of_domain(log, nodes, names)
            found = _found(log, name, lines_of_ids)
        except InvalidInput as error:
            nodes.problems.append(Refused(_log_name(log), error.detail))
        else:
            domains[name].logs.append(found)
    for domain in domains.values():
        domain.logs.sort(key=lambda log: (log.started_at, str(log.public_id)))
        for earlier, later in pairwise(domain.logs):
            if earlier.started_at == later.started_at:
                later.notes.append(f"It started at the same moment as {earlier.name}: their ids decide which is first")
    return Catalog([domains[name] for name in sorted(domains)], nodes.problems)


def _names(nodes: FoundNodes) -> dict[str, str]:
    """The names of the domains by the ids of their nodes. One whose name is taken by another is refused."""
    names: dict[str, str] = {}
    owners: dict[str, Any] = {name: name for _, name in nodes.domains.values() if _is_own(name)}
    for node_id, (place, original) in nodes.domains.items():
        name = valid_name(original)
        called = f"domain {shown(original)} (line {place.line:,})"
        if name is None:
            reason = "a name has 2 to 100 small letters, digits and underscores, and begins with a letter"
            nodes.problems.append(Refused(called, reason))
        elif owners.setdefault(name, original) != original:
            nodes.problems.append(Refused(called, f"it would be called {name}, which is another domain's name"))
        else:
            if name in names.values():
                nodes.problems.append(Skipped(called, "the file has this domain already: its runs are joined"))
            names[node_id] = name
    return names


def _name_of_domain(log: LogNode, nodes: FoundNodes, names: dict[str, str]) -> str:
    node_id = log.place.node_id
    if node_id in nodes.with_two_domains:
        raise InvalidInput("two domains have this log")
    if node_id not in nodes.domain_of:
        raise InvalidInput("no domain has this log: the file has no HAS_TRAINING_LOG relationship to it")
    domain_id = nodes.domain_of[node_id]
    if domain_id not in nodes.domains:
        raise InvalidInput(f"its domain, the node {shown(domain_id)}, is not in the file")
    if domain_id not in names:
        raise InvalidInput("its domain was refused")
    return names[domain_id]


def _found(log: LogNode, domain_name: str, lines_of_ids: dict[UUID, int]) -> FoundLog:
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


def _log_name(log: LogNode) -> str:
    return f"run {shown(log.place.node_id if log.id is None else log.id)} (line {log.place.line:,})"
