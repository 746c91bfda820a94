"""Old logs that are removed while people read them, and by a command that is killed."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from tests.support.answers import ok
from tests.support.domains import create_domain
from tests.support.own_database import Database
from tests.support.project import PROJECT
from tests.support.running_service import Service, await_until
from tests.support.runs import Run, complete, log
from tests.support.stream_viewers import Audience

LIMIT_S = 60.0
ENTRIES = 20_000
# Who removes entries and waits for one that is held.
REMOVING = (
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    " AND query LIKE '%%DELETE FROM training_status_traininglogentry%%'"
)


@pytest.fixture
def keeping(database: Database) -> Iterator[Service]:
    """A service that keeps every log until a test says otherwise, on a database that the test can look into."""
    with database.served() as service:
        yield service
        assert not service.complaints


def run_with_log(service: Service, domain: str, entries: int = ENTRIES) -> Run:
    """A completed run; every tenth entry is a warning."""
    run = Run(service.client(service.token("operator")), domain)
    for first in range(1, entries + 1, 1000):
        last = min(first + 999, entries)
        run.send(*[log(f"line {n}", level="INFO" if n % 10 else "WARNING") for n in range(first, last + 1)])
    run.send(complete(metrics={"entity_f1": 0.8}, result={"prompts": {}}))
    return run


def whole(database: Database, run: Run) -> tuple[int, int]:
    """First and last entry of a log that is whole: entries and counts are what the run says, and readers see that."""
    ((key, first, last, info, warnings),) = database.query(
        "SELECT id, first_seq, last_seq, info_count, warning_count FROM training_status_trainingrun"
        " WHERE public_id = %s",
        run.id,
    )
    counted = database.query(
        "SELECT count(*), coalesce(min(seq), %s), coalesce(max(seq), %s), count(*) FILTER (WHERE level = 20),"
        " count(*) FILTER (WHERE level = 30) FROM training_status_traininglogentry WHERE run_id = %s",
        first,
        last,
        key,
    )
    assert counted == [(last - first + 1, first, last, info, warnings)]
    page = run.log()
    assert (page["total_logs"], page["first_seq"], page["last_seq"]) == (last - first + 1, first, last)
    assert sum(page["level_counts"].values()) == last - first + 1
    assert [line["seq"] for line in page["logs"]] == list(range(last, max(first, last - 19) - 1, -1))
    return first, last


def limit(run: Run, **limits: Any) -> None:
    ok(run.client.patch(f"/domains/{run.domain}", json=limits))


def test_the_service_removes_what_is_not_kept_and_readers_are_told(keeping: Service, database: Database) -> None:
    domain = create_domain(keeping.client(keeping.token("operator")))
    old, new = run_with_log(keeping, domain, 50), run_with_log(keeping, domain, 50)
    with Audience(keeping, keeping.token("viewer")) as audience:
        attached = audience.sse(domain, training_run_id=new.id)
        attached.await_seq(50)
        limit(old, kept_runs=1)
        keeping.terminate()  # it looks once a minute, and when it starts
        keeping.start()
    for run in (old, new):
        run.client = keeping.client(keeping.token("operator"))
    await_until(lambda: old.log()["total_logs"] == 0, LIMIT_S)
    assert whole(database, old) == (51, 50)
    assert whole(database, new) == (1, 50)
    status = old.status()
    assert (status["status"], status["metrics"]) == ("completed", {"entity_f1": 0.8})
    assert ok(old.client.get(f"{old.path}/result")) == {"prompts": {}}
    history = ok(old.client.get(f"/domains/{domain}/training-history"))
    assert [run["entity_f1"] for run in history["training_runs"]] == [0.8, 0.8]
    with Audience(keeping, keeping.token("viewer")) as audience:
        for cursor, gaps in (("1.7", [51]), ("", [51]), ("1.50", [])):
            viewer = audience.sse(domain, training_run_id=old.id, last_event_id=cursor)
            viewer.await_over()
            assert [one.envelope["data"]["first_seq"] for one in viewer.told if one.type == "gap"] == gaps, cursor
            assert (viewer.seqs, viewer.story[-1]) == ([], "completed")


def test_readers_while_it_happens(keeping: Service, database: Database) -> None:
    """Pages and streams of a log that `manage.py prune` is removing are whole at every moment."""
    domain = create_domain(keeping.client(keeping.token("operator")))
    run = run_with_log(keeping, domain)
    limit(run, kept_days=1e-9)
    with Audience(keeping, keeping.token("viewer")) as audience, psycopg.connect(database.url) as other:
        held = hold_entry(other, run, 10_001)
        with pruning(database) as process:
            await_until(lambda: run.log()["first_seq"] == held, LIMIT_S)
            assert whole(database, run) == (10_001, ENTRIES)
            page = run.log(page=500, page_size=20)
            assert [line["seq"] for line in page["logs"]] == list(range(10_020, 10_000, -1))
            assert run.log(page=501, page_size=20)["logs"] == []
            assert run.log(level="WARNING")["total_logs"] == 1000
            viewer = audience.sse(domain, training_run_id=run.id, last_event_id=f"{run.number}.77")
            viewer.await_over()
            assert viewer.story[0] == "gap"
            assert viewer.told[0].envelope["data"] == {"first_seq": 10_001}
            assert viewer.seqs == list(range(10_001, ENTRIES + 1))
            other.commit()
            assert process.wait(LIMIT_S) == 0
    assert whole(database, run) == (ENTRIES + 1, ENTRIES)


def test_a_prune_killed_in_the_middle_leaves_everything_right(keeping: Service, database: Database) -> None:
    domain = create_domain(keeping.client(keeping.token("operator")))
    run, last = run_with_log(keeping, domain), run_with_log(keeping, domain, 10)
    limit(run, kept_runs=1)
    told = keeping.manage("prune", "--dry-run")
    assert told.splitlines() == [
        f"{domain}: {ENTRIES:,} log entries of 1 run",
        f"To be removed: {ENTRIES:,} log entries of 1 run. Nothing was removed.",
    ]
    assert whole(database, run) == (1, ENTRIES)
    with psycopg.connect(database.url) as other:
        hold_entry(other, run, 7_000)  # in the middle of a transaction
        with pruning(database) as process:
            ((backend,),) = await_until(lambda: database.query(REMOVING), LIMIT_S)
            process.kill()
            process.wait(LIMIT_S)
        assert whole(database, run) == (6_001, ENTRIES)
    gone = "SELECT 1 FROM pg_stat_activity WHERE pid = %s"
    await_until(lambda: database.query(gone, backend) == [], LIMIT_S)
    assert whole(database, run) == (6_001, ENTRIES)
    assert keeping.manage("prune") == f"Removed: {ENTRIES - 6_000:,} log entries."
    assert whole(database, run) == (ENTRIES + 1, ENTRIES)
    assert whole(database, last) == (1, 10)
    assert keeping.manage("prune") == "Removed: 0 log entries."


def test_a_prune_that_is_interrupted_says_so(keeping: Service, database: Database) -> None:
    run = run_with_log(keeping, create_domain(keeping.client(keeping.token("operator"))), 5_000)
    limit(run, kept_days=1e-9)
    with psycopg.connect(database.url) as other:
        hold_entry(other, run, 3_000)
        with pruning(database, stderr=subprocess.PIPE) as process:
            await_until(lambda: database.query(REMOVING), LIMIT_S)
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=LIMIT_S)
    assert (process.returncode, said) == (130, "CommandError: Interrupted: run the command again to remove the rest.\n")
    assert whole(database, run) == (2_001, 5_000)


def test_followers_are_woken_wherever_they_are(keeping: Service, database: Database) -> None:
    run = run_with_log(keeping, create_domain(keeping.client(keeping.token("operator"))), 3)
    limit(run, kept_days=1e-9)
    keeping.terminate()  # what it has to notify of it does before that
    with psycopg.connect(database.url, autocommit=True) as listening:
        listening.execute("LISTEN aegis_runs")
        assert keeping.manage("prune") == "Removed: 3 log entries."
        keys = database.query("SELECT domain_id, id FROM training_status_trainingrun")
        (received,) = listening.notifies(timeout=LIMIT_S, stop_after=1)
    assert [tuple(map(int, word.split("."))) for word in received.payload.split()] == keys


def hold_entry(other: psycopg.Connection, run: Run, seq: int) -> int:
    """Have a transaction hold an entry, so that whoever removes it waits there."""
    other.execute(
        "SELECT 1 FROM training_status_traininglogentry WHERE seq = %s"
        " AND run_id = (SELECT id FROM training_status_trainingrun WHERE public_id = %s) FOR UPDATE",
        (seq, run.id),
    )
    return seq


@contextmanager
def pruning(database: Database, **options: Any) -> Iterator[subprocess.Popen[str]]:
    """`manage.py prune` in a process of its own, which has ended when the block has."""
    environment = {**os.environ, "DATABASE_URL": database.url}
    process = subprocess.Popen(
        [sys.executable, "manage.py", "prune"], cwd=PROJECT, env=environment, text=True, **options
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(LIMIT_S)
