"""The lines of a spool: events of the HTTP contract, and records of the tracker between them.

| record | says |
|---|---|
| `start` | how to start the run, and who counts its events (`source`). The first of the file |
| `owner` | the process that has the spool, or nobody. The second of the file |
| `part` | the first of a further file: its `number`, the last one that it takes the place of (`through`), whose it is |
| `next` | the run goes on in the next file; what stands behind it in this one does not count |
| `source` | another process may count from here; `first_n` is empty until the service was asked |
| `dropped` | so many entries stood here once; told to the service as a log entry |
| `home`, `refused` | the service that has started the run; why a service will not take it |
| `closed`, `arrived` | its process has stopped to report without an end; all up to here has arrived |

Numbers that become known later are written in place, so they have a fixed width.
"""

import json
from collections.abc import Iterable
from json.encoder import encode_basestring
from typing import Any

from aegis_tracker.finding_records import FINDING_TYPES, EncodedRecord
from aegis_tracker.sanitizing import fit_text, time_now, to_json

START_TYPE = "start"
END_TYPES = frozenset({"complete", "fail"})
EVENT_TYPES = frozenset({"phase", "progress", "log"}) | FINDING_TYPES | END_TYPES
PART_TYPE = "part"
NEXT_TYPE = "next"
SOURCE_TYPE = "source"
DROPPED_TYPE = "dropped"
HOME_TYPE = "home"
REFUSED_TYPE = "refused"
CLOSED_TYPE = "closed"
ARRIVED_TYPE = "arrived"
RECORD_MAX_BYTES = 4 * 1024 * 1024  # more than the contract's bounds let any record have

NEXT_LINE = b'{"type":"next"}\n'  # no event can contain it: its quotes would be escaped

_N_WIDTH = 19  # the digits of the largest bigint
SOURCE_HEAD = b'{"type":"source","first_n":"'
_PART_HEAD = b'{"type":"part","resume":"'
RESUME_WIDTH = _N_WIDTH + 1 + 36  # a number and a UUID
FIRST_N_AT = len(SOURCE_HEAD)  # bytes from the beginning of its line
RESUME_AT = len(_PART_HEAD)

_DROPPED_KINDS = {
    "progress": "progress reports",
    "candidate": "candidates",
    "evaluation": "evaluations",
    "usage": "usage reports",
}

Record = dict[str, Any]


def says_lost(record: Record) -> bool:
    """Whether the record is a `fail` event with the reason `lost`: a provisional end."""
    return record["type"] == "fail" and record.get("reason") == "lost"


def parse_record(line: bytes) -> Record | None:
    """The record on a line, or None where the line is not a whole one."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) and isinstance(record.get("type"), str) else None


def line_of(record: Record) -> bytes:
    """A record as its line."""
    text = record.text if isinstance(record, EncodedRecord) else to_json(record)
    return text.encode() + b"\n"


def log_lines(level: str, messages: Iterable[str]) -> list[bytes]:
    """Entries of the log as their lines, all of this moment: what `line_of` makes of their events, in less time."""
    head = f'{{"type":"log","timestamp":"{time_now()}","level":"{level}","message":'
    return [f"{head}{encode_basestring(fit_text(message))}}}\n".encode() for message in messages]


def source_line(source: str, first_n: int | None = None) -> bytes:
    """The line from which on `source` counts; `first_n` is written in later where it is not known yet."""
    return SOURCE_HEAD + _padded(first_n) + b'","source":"' + source.encode() + b'"}\n'


def first_n_field(first_n: int) -> bytes:
    """What is written at FIRST_N_AT of a `source` line."""
    return _padded(first_n)


def _padded(n: int | None) -> bytes:
    return b" " * _N_WIDTH if n is None else b"%*d" % (_N_WIDTH, n)


def first_n_of(record: Record) -> int | None:
    """The number from which a `source` record counts; None as long as it is not known."""
    text = str(record.get("first_n", "")).strip()
    return int(text) if text.isdecimal() else None


def part_line(number: int, through: int, spool_source: str, resume: bytes = b"") -> bytes:
    """The first line of a further file. `resume` is from an earlier one, or not known yet."""
    more = to_json({"number": number, "through": through, "source": spool_source}).encode()
    return _PART_HEAD + resume.ljust(RESUME_WIDTH) + b'",' + more[1:] + b"\n"


def resume_field(next_n: int, source: str) -> bytes:
    """What is written at RESUME_AT of a `part` line: its first event's number and who counts."""
    return (first_n_field(next_n) + b" " + source.encode()).ljust(RESUME_WIDTH)[:RESUME_WIDTH]


def resume_of(record: Record) -> tuple[int, str] | None:
    """What `resume_field` wrote, or None."""
    n, _, source = str(record.get("resume", "")).strip().partition(" ")
    return (int(n), source) if n.isdecimal() and source else None


def dropped_record(counts: dict[str, int], reason: str) -> Record:
    """A record of how many entries were dropped here, by kind: a log level or `progress`."""
    return {"type": DROPPED_TYPE, "timestamp": time_now(), "counts": counts, "reason": reason}


def dropped_as_event(record: Record) -> Record:
    """The log entry that is sent for a `dropped` record."""
    counts = record.get("counts") or {}
    said = [f"{number} {_DROPPED_KINDS.get(kind, f'{kind} log entries')}" for kind, number in counts.items()]
    told = " and ".join(filter(None, [", ".join(said[:-1]), *said[-1:]]))
    message = f"The tracker dropped {told} here: {record.get('reason')}."
    return {"type": "log", "timestamp": record.get("timestamp"), "level": "WARNING", "message": message}
