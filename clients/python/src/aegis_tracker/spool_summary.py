"""Summarizes a spool for `aegis-tracker status`. It only reads, so the training may be running."""

import time
from dataclasses import dataclass
from pathlib import Path

from aegis_tracker.spool_adoption import process_state
from aegis_tracker.spool_files import part_numbers, part_path
from aegis_tracker.spool_owner import ProcessState
from aegis_tracker.spool_records import (
    CLOSED_TYPE,
    END_TYPES,
    EVENT_TYPES,
    REFUSED_TYPE,
    START_TYPE,
    parse_record,
)


@dataclass(frozen=True)
class SpoolSummary:
    """The content of a spool. For a running training it includes events that were sent already.

    `end` is the type of the event that ended the run, or `closed`. `age_s` is the time since the last write. `refused`
    is why the service refused it last time.
    """

    run_id: str
    domain: str
    events: int
    size_bytes: int
    age_s: float
    process: ProcessState
    end: str | None
    refused: str | None


def summarize(path: Path) -> SpoolSummary | None:
    """Summarize the spool at `path`. Returns None if it is not a spool, or was removed. Raises OSError."""
    start, events, end, refused, size, written_at = None, 0, None, None, 0, 0.0
    for number in [0, *part_numbers(path)]:
        try:
            file = part_path(path, number).open("rb")
        except FileNotFoundError:
            continue
        with file:
            written_at = max(written_at, part_path(path, number).stat().st_mtime)
            for line in file:
                size += len(line)
                record = parse_record(line)
                if record is None:
                    continue
                kind = record["type"]
                if kind == START_TYPE and start is None:
                    start = record
                elif kind in EVENT_TYPES and end not in END_TYPES:
                    events += 1
                    end = kind if kind in END_TYPES else None
                elif kind == CLOSED_TYPE and end is None:
                    end = kind
                elif kind == REFUSED_TYPE:
                    refused = str(record.get("reason"))
        if start is None:
            return None
    if start is None:
        return None
    try:
        process = process_state(path)
    except FileNotFoundError:
        return None
    age_s = max(0.0, time.time() - written_at)
    return SpoolSummary(str(start.get("id")), str(start.get("domain")), events, size, age_s, process, end, refused)
