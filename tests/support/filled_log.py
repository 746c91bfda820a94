"""Logs too long to be sent."""

from tests.support.running_service import Service
from tests.support.runs import ENTITY, RELATION, Run

_FILL = """
    INSERT INTO training_status_traininglogentry (run_id, seq, "timestamp", level, message, step)
    SELECT %(run)s, n, '2026-01-20T15:00:00Z'::timestamptz + n * interval '1 ms',
           CASE WHEN n %% %(error_every)s = 0 THEN 40 ELSE 20 END, 'line ' || n,
           CASE WHEN n <= %(last)s / 2 THEN %(first_step)s ELSE %(second_step)s END
      FROM generate_series(1, %(last)s) n
"""
_COUNT = """
    UPDATE training_status_trainingrun
       SET last_seq = %(last)s, error_count = %(last)s / %(error_every)s,
           info_count = %(last)s - %(last)s / %(error_every)s
     WHERE id = %(run)s
"""


def fill_log(service: Service, run: Run, last: int, error_every: int) -> None:
    """Give the run, which has no log yet, the entries `line 1` to `line LAST`.

    The first half is of one step, the second of another; every so many is an ERROR, the others INFO.
    """
    with service.connect_to_database() as connection:
        found = connection.execute(
            "SELECT id FROM training_status_trainingrun WHERE public_id = %s", (run.id,)
        ).fetchone()
        assert found
        values = {
            "run": found[0],
            "last": last,
            "error_every": error_every,
            "first_step": ENTITY,
            "second_step": RELATION,
        }
        connection.execute(_FILL, values)
        connection.execute(_COUNT, values)
        connection.execute("VACUUM ANALYZE training_status_traininglogentry")


def drop_prefix(service: Service, run: Run, first: int) -> None:
    """Keep only what is from this entry on; all that goes is INFO."""
    with service.connect_to_database() as connection, connection.transaction():
        connection.execute(
            "DELETE FROM training_status_traininglogentry WHERE seq < %s"
            " AND run_id = (SELECT id FROM training_status_trainingrun WHERE public_id = %s)",
            (first, run.id),
        )
        connection.execute(
            "UPDATE training_status_trainingrun SET info_count = info_count - (%(first)s - first_seq),"
            " first_seq = %(first)s WHERE public_id = %(run)s",
            {"first": first, "run": run.id},
        )
