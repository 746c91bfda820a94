"""What is in a spool, for people: read without taking part, so it may be of a training under way."""

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
    """What a spool holds; of a live training, what it has sent already is still among it.

    `end` is the event that ended the run, or `closed`. `age_s` counts from the last write. `refused` is
    why the service would not take it when it was last asked.
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
    """What is in the spool at `path`; None when it is no spool or gone meanwhile. Raises OSError."""
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
