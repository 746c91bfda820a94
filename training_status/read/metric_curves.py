"""Reading the metrics of a run over its log, reduced to what a chart can show, at a bounded cost.

No index knows which entries have metrics: one would cost every insert. So the log is looked through in
slices, the newest and the oldest first and then ever more finely in between, so that the curve is
whole, if coarser, when the time is up before everything was seen.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from time import monotonic
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection

from training_status.jsonb import from_jsonb
from training_status.read.run_facts import RunFacts

NAMES_MAX = 20
POINTS_MAX = 1000
_FIRST_SLICE, _SMALLEST_SLICE, _LARGEST_SLICE = 2_000, 100, 20_000
_SLICES_IN_TIME = 100  # the minimum number of slices to read if the time does not suffice for all
_BUCKETS_PER_POINT = 4

# The lines with metrics of a slice, in buckets of equally many; of each metric the first, last, least and
# greatest value of each bucket, found with its place by comparing pairs. Names wanted go first.
_SLICE = """
    WITH line AS (
        SELECT seq, metrics, ntile(%s) OVER (ORDER BY seq) AS bucket
          FROM training_status_traininglogentry
         WHERE run_id = %s AND seq BETWEEN %s AND %s AND metrics IS NOT NULL),
    summary AS (
        SELECT name, min(ARRAY[number, seq]) AS least, max(ARRAY[number, seq]) AS greatest,
               min(ARRAY[seq, number]) AS first, max(ARRAY[seq, number]) AS last
          FROM line, LATERAL jsonb_each(metrics) AS metric(name, value),
               LATERAL (SELECT CASE WHEN jsonb_typeof(value) = 'number' THEN value::float8 END) AS cast_value(number)
         WHERE number IS NOT NULL
         GROUP BY name, bucket),
    ranked AS (
        SELECT *, dense_rank() OVER (ORDER BY array_position(%s::text[], name), name) AS place FROM summary)
    SELECT name, least[2]::bigint, least[1], greatest[2]::bigint, greatest[1],
           first[1]::bigint, first[2], last[1]::bigint, last[2]
      FROM ranked WHERE place <= %s
"""


# Numbers are searched as doubles, which are inexact from 2^53 on: the few that are returned are read again.
_EXACT_FROM = 2**53
_ENTRIES = """
    SELECT seq, "timestamp", CASE WHEN %s THEN metrics END
      FROM training_status_traininglogentry WHERE run_id = %s AND seq = ANY(%s)
"""


class CurvePoint(NamedTuple):
    """The value of a metric in one log entry. Integers beyond double precision stay exact."""

    seq: int
    timestamp: datetime
    value: int | float


@dataclass(slots=True)
class MetricCurves:
    """The points of each metric of a run, in the order of the log. `is_exact`: every entry was read."""

    run: RunFacts
    curves: dict[str, list[CurvePoint]]
    is_exact: bool


def metric_curves(run: RunFacts, *, points_max: int) -> MetricCurves:
    """Return at most 20 numeric metrics of the run's log entries, each with at most `points_max` points.

    First and last are always among them, and the least and greatest of every part that was thinned.
    Takes about as long as `LOG_SEARCH_LIMIT` allows, in a query a slice and one for the timestamps.
    """
    begun = monotonic()
    limit_s = settings.LOG_SEARCH_LIMIT.total_seconds()
    found = _Found(run, points_max * _BUCKETS_PER_POINT / max(1, run.log_count))

    lowest = max(run.first_seq, run.last_seq - _FIRST_SLICE + 1)
    found.look_through(lowest, run.last_seq)
    pace = _FIRST_SLICE / max(monotonic() - begun, 1e-6)
    size = min(max(int(pace * limit_s / _SLICES_IN_TIME), _SMALLEST_SLICE), _LARGEST_SLICE)
    starts = range(run.first_seq, lowest, size)
    is_exact = True
    for index in _spread(len(starts)):
        if monotonic() - begun > limit_s:
            is_exact = False
            break
        found.look_through(starts[index], min(starts[index] + size, lowest) - 1)

    thinned = {name: _thin(sorted(values.items()), points_max) for name, values in sorted(found.values.items())}
    return MetricCurves(run, _with_times(run, thinned), is_exact)


class _Found:
    """What was found so far: by metric and place, the values. Of too many metrics the run's own are preferred."""

    def __init__(self, run: RunFacts, buckets_per_entry: float) -> None:
        self.values: dict[str, dict[int, float]] = {}
        self._run = run
        self._buckets_per_entry = buckets_per_entry
        self._preferred = sorted(name for name, value in run.metrics.items() if type(value) in (int, float))

    def look_through(self, lowest: int, highest: int) -> None:
        """Add the metrics of the entries `lowest` to `highest`."""
        if lowest > highest:
            return
        buckets = max(4, round((highest - lowest + 1) * self._buckets_per_entry))
        wanted = [*self.values, *self._preferred]
        with connection.cursor() as cursor:
            cursor.execute(_SLICE, (buckets, self._run.id, lowest, highest, wanted, NAMES_MAX))
            rows = cursor.fetchall()
        for name, *places in sorted(rows, key=lambda row: row[0] not in self._preferred):
            if name not in self.values and len(self.values) == NAMES_MAX:
                continue
            values = self.values.setdefault(name, {})
            values.update(zip(places[::2], places[1::2], strict=True))


def _spread(count: int) -> Iterator[int]:
    """Yield 0 to count - 1 so that every prefix is spread evenly (van der Corput's sequence)."""
    bits = max(0, count - 1).bit_length()
    for number in range(1 << bits):
        index = int(f"{number:0{bits}b}"[::-1], 2) if bits else 0
        if index < count:
            yield index


def _thin(points: list[tuple[int, float]], points_max: int) -> list[tuple[int, float]]:
    """Reduce the points: the first, the last, and the least and greatest of equal parts between."""
    if len(points) <= points_max:
        return points
    inner = points[1:-1]
    parts = (points_max - 2) // 2
    kept = {points[0], points[-1]}
    for part in range(parts):
        bucket = inner[part * len(inner) // parts : (part + 1) * len(inner) // parts]
        kept |= {min(bucket, key=lambda point: point[1]), max(bucket, key=lambda point: point[1])}
    return sorted(kept)


def _with_times(run: RunFacts, curves: dict[str, list[tuple[int, float]]]) -> dict[str, list[CurvePoint]]:
    """Return the points with exact values and times. Entries that were just removed are left out."""
    seqs = {seq for points in curves.values() for seq, _ in points}
    has_long = any(abs(value) >= _EXACT_FROM for points in curves.values() for _, value in points)
    with connection.cursor() as cursor:
        cursor.execute(_ENTRIES, (has_long, run.id, sorted(seqs)))
        entries = {seq: (time, from_jsonb(metrics) or {}) for seq, time, metrics in cursor.fetchall()}
    return {
        name: [
            CurvePoint(seq, entries[seq][0], _as_reported(value, entries[seq][1].get(name)))
            for seq, value in points
            if seq in entries
        ]
        for name, points in curves.items()
    }


def _as_reported(value: float, reported: Any) -> int | float:
    """Return the exact integer whose nearest double is `value`."""
    is_other = isinstance(reported, int) and abs(value) >= _EXACT_FROM and Decimal(repr(value)) != reported
    return reported if is_other else value
