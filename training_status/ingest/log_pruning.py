"""Removing the oldest entries of a finished run's log, for retention."""

from dataclasses import dataclass
from datetime import datetime

from training_status.change_notifications.notify import notify_on_commit
from training_status.ingest.lock_wait import waiting_for_lock
from training_status.log_levels import LEVEL_NAMES

_LOCK = """
    SELECT domain_id, ended_at FROM training_status_trainingrun WHERE id = %s FOR NO KEY UPDATE SKIP LOCKED
"""

_LEVELS = {number: name.lower() for number, name in LEVEL_NAMES.items()}
_COUNTED_BY_LEVEL = ", ".join(f"count(*) FILTER (WHERE level = {number}) AS {name}" for number, name in _LEVELS.items())
_COUNTS_LOWERED = ", ".join(f"{name}_count = run.{name}_count - counted.{name}" for name in _LEVELS.values())

# Raw SQL: one statement deletes the entries, counts them by level and updates the counters.
_PRUNE = f"""
    WITH removed AS (
        DELETE FROM training_status_traininglogentry AS entry
         USING training_status_trainingrun AS run
         WHERE run.id = %(run_id)s AND entry.run_id = run.id
           AND entry.seq BETWEEN run.first_seq AND run.first_seq + %(at_most)s - 1
        RETURNING entry.level),
    counted AS (
        SELECT count(*) AS entries, {_COUNTED_BY_LEVEL} FROM removed)
    UPDATE training_status_trainingrun AS run
       SET first_seq = run.first_seq + counted.entries, {_COUNTS_LOWERED}
      FROM counted
     WHERE run.id = %(run_id)s
    RETURNING counted.entries
"""


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """A run whose log is to be pruned, as it was found: its key, its end, and the number of its entries."""

    id: int
    ended_at: datetime
    entries: int


def prune_oldest_entries(run: FinishedRun, *, at_most: int) -> int | None:
    """Remove up to `at_most` of the run's oldest log entries and return how many were removed.

    Return None and remove nothing if another transaction has locked the run, or if the run was deleted or has resumed
    since it was found. `first_seq` and the counts by level change in the same transaction, which is the caller's and
    takes the run's lock. If the run resumes, its numbering continues from `last_seq`. Followers are notified after
    the commit. Raises Unavailable if another transaction has locked one of the entries.
    """
    with waiting_for_lock() as cursor:
        cursor.execute(_LOCK, (run.id,))
        row = cursor.fetchone()
        if row is None or row[1] != run.ended_at:
            return None
        cursor.execute(_PRUNE, {"run_id": run.id, "at_most": at_most})
        (entries,) = cursor.fetchone()
    notify_on_commit(row[0], run.id)
    return int(entries)
