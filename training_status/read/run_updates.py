"""Reading updates for live streams: the fields of many runs at once, and the next part of each log."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from django.db import connection

from training_status.read.evaluations import EvaluationFacts
from training_status.read.logs import LOG_LINE, LogLine
from training_status.read.new_findings import (
    FINDINGS_MAX,
    NewCandidateFacts,
    Window,
    new_candidates,
    new_evaluations,
)
from training_status.read.run_facts import LATEST, RunFacts, runs_by_id

SLICE_MAX_ENTRIES: Final = 250
SLICE_MAX_BYTES: Final = 256 * 1024  # and one entry more, of 64 KiB and its metrics


class Position(NamedTuple):
    """A position in a run's log: the last entry that was read, and the last one to read (None: no limit).

    `found` is how many candidates and evaluations have been read; None reads none.
    """

    after_seq: int
    up_to_seq: int | None = None
    found: "Found | None" = None


class Found(NamedTuple):
    """How many candidates and evaluations of a run there are, or have been read."""

    candidates: int
    evaluations: int


@dataclass(slots=True)
class RunUpdate:
    """A run's fields, and the entries and findings after a position, oldest first, up to a limit."""

    facts: RunFacts
    lines: list[LogLine]
    candidates: list[NewCandidateFacts] = field(default_factory=list)
    evaluations: list[EvaluationFacts] = field(default_factory=list)


class LatestRun(NamedTuple):
    """The key and number of the run of a domain that started last."""

    run_id: int
    run_number: int


# Entries become visible in order, together with the run's counter, so none is missing when they are read after it.
# The sums limit the size of a slice; `octet_length` does not read the messages.
_SLICES = f"""
    SELECT wanted.run_id, {LOG_LINE.columns}
      FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS wanted(run_id, lowest, highest),
           LATERAL (SELECT stored.*, bytes, sum(bytes) OVER (ORDER BY seq) AS bytes_so_far
                      FROM training_status_traininglogentry AS stored,
                           LATERAL (SELECT octet_length(stored.message)
                                           + coalesce(pg_column_size(stored.metrics), 0)) AS size(bytes)
                     WHERE stored.run_id = wanted.run_id
                       AND stored.seq BETWEEN wanted.lowest AND wanted.highest) AS entry
     WHERE entry.bytes_so_far - entry.bytes <= %s
     ORDER BY wanted.run_id, entry.seq
"""

_LATEST_RUNS = f"""
    SELECT domain.id, run.id, run.run_number
      FROM training_status_domain AS domain LEFT JOIN {LATEST} ON true
     WHERE domain.id = ANY(%s)
"""


def updates_of_runs(positions: Mapping[int, Position | None]) -> dict[int, RunUpdate]:
    """Return the fields of each run by key, with the entries after its position (None: without entries).

    Two queries for any number of runs, and one more for each kind of findings. Deleted runs are left out.
    """
    updates = {facts.id: RunUpdate(facts, []) for facts in runs_by_id(list(positions))}
    windows = []
    for run_id, found in updates.items():
        position = positions[run_id]
        if position is None:
            continue
        lowest = max(position.after_seq + 1, found.facts.first_seq)
        highest = found.facts.last_seq if position.up_to_seq is None else min(found.facts.last_seq, position.up_to_seq)
        if lowest <= highest:
            windows.append((run_id, lowest, min(highest, lowest + SLICE_MAX_ENTRIES - 1)))
    for run_id, line in _slices(windows):
        updates[run_id].lines.append(line)
    _add_findings(updates, positions)
    return updates


def _add_findings(updates: Mapping[int, RunUpdate], positions: Mapping[int, Position | None]) -> None:
    candidates: list[Window] = []
    evaluations: list[Window] = []
    for run_id, update in updates.items():
        position, facts = positions[run_id], update.facts
        if position is None or position.found is None:
            continue
        for windows, read, last in (
            (candidates, position.found.candidates, facts.candidate_count),
            (evaluations, position.found.evaluations, facts.evaluation_count),
        ):
            if read < last:
                windows.append(Window(run_id, read + 1, min(last, read + FINDINGS_MAX)))
    if candidates:
        for run_id, candidate in new_candidates(candidates):
            updates[run_id].candidates.append(candidate)
    if evaluations:
        for run_id, evaluation in new_evaluations(evaluations):
            updates[run_id].evaluations.append(evaluation)


def latest_run_keys(domain_ids: Collection[int]) -> dict[int, LatestRun | None]:
    """Return the latest run of each domain; None for a domain without a run. Deleted domains are left out."""
    with connection.cursor() as cursor:
        cursor.execute(_LATEST_RUNS, (list(domain_ids),))
        rows = cursor.fetchall()
    return {
        domain_id: None if run_id is None else LatestRun(run_id, run_number) for domain_id, run_id, run_number in rows
    }


def _slices(windows: list[tuple[int, int, int]]) -> Iterator[tuple[int, LogLine]]:
    if not windows:
        return
    run_ids, lowest, highest = (list(column) for column in zip(*windows, strict=True))
    with connection.cursor() as cursor:
        cursor.execute(_SLICES, (run_ids, lowest, highest, SLICE_MAX_BYTES))
        rows = cursor.fetchall()
    for run_id, *values in rows:
        yield run_id, LOG_LINE.instance(values)
