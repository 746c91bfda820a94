"""What serving processes do by themselves: they give up runs that went silent, one process at a time."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.support.answers import ok, parse_time
from tests.support.domains import create_domain
from tests.support.own_database import Database
from tests.support.running_service import Service, await_until
from tests.support.runs import ENTITY, Run, complete, log, now, phase
from tests.support.stream_viewers import Audience
from tests.support.tracked_training import ON_DEMAND, run_of, say, training

BUSY = 3  # the status of the command while another sweep is running
SWEEP_LOCK = 0x414547495353
LIMIT_S = 60.0
LOST_LIMIT_S = 4.0
SHUTDOWN_LIMIT_S = 5.0
IMPATIENT = {"AEGIS_STALL_LIMIT_S": "1", "AEGIS_LOST_LIMIT_S": str(LOST_LIMIT_S)}

Query = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture
def giving_up(database: Database) -> Iterator[Service]:
    """A service that gives up after four seconds, on a database that the test can look into."""
    with database.served(**IMPATIENT) as service:
        yield service
        assert not service.complaints


def new_run(service: Service) -> Run:
    client = service.client(service.token("operator"))
    return Run(client, create_domain(client))


def seen_at(database: Database) -> Any:
    return database.query("SELECT max(seen_at) FROM training_status_servicepresence")[0][0]


def await_rounds(database: Database, count: int) -> None:
    """Return when the service has noted so many times more that it is there."""
    for _ in range(count):
        before = seen_at(database)
        await_until(lambda before=before: seen_at(database) != before, LIMIT_S)


def test_a_killed_reporter_is_stalled_then_lost_and_may_come_back(giving_up: Service, tmp_path: Path) -> None:
    token = giving_up.token("operator")
    domain = create_domain(giving_up.client(token))
    client = giving_up.client(token)
    with Audience(giving_up, giving_up.token("viewer")) as audience:
        with training(giving_up, token, tmp_path, domain, ON_DEMAND) as process:
            run_id = run_of(process)
            assert say(process, 3) == 3
            look = lambda: ok(client.get(f"/training-runs/{run_id}"))  # noqa: E731
            logged = lambda: ok(client.get(f"/domains/{domain}/training-logs"))["total_logs"]  # noqa: E731
            await_until(lambda: logged() == 3, LIMIT_S)
            viewer = audience.sse(domain)
            process.kill()
        await_until(lambda: look()["health"] == "stalled", LIMIT_S)
        assert look()["status"] == "training"
        await_until(lambda: look()["status"] == "failed", LIMIT_S)
        status = look()
        assert (status["failure_reason"], status["health"], status["error_message"]) == ("lost", None, None)
        assert status["completed_at"] == status["last_report_at"]
        assert status["phase_times"][-1]["ended_at"] == status["completed_at"]
        assert now() - parse_time(status["last_report_at"]) >= timedelta(seconds=LOST_LIMIT_S)
        viewer.await_that(lambda: viewer.story[-1:] == ["failed"])

        assert ok(client.post(f"/training-runs/{run_id}/heartbeat"))["status"] == "training"
        status = look()
        assert (status["status"], status["failure_reason"], status["completed_at"]) == ("training", None, None)
        last_n = ok(client.post(f"/training-runs/{run_id}/events", json={"events": []}))["last_n"]
        end = {"events": [{"n": last_n + 1, **log("back")}, {"n": last_n + 2, **complete()}]}
        assert ok(client.post(f"/training-runs/{run_id}/events", json=end))["status"] == "completed"
        viewer.await_seq(4)
        assert look()["phase_times"][-1]["ended_at"] == look()["completed_at"]


def test_a_run_cancelled_by_silence_is_stored_so_without_anybody_asking(giving_up: Service, database: Database) -> None:
    run = new_run(giving_up)
    run.send(phase(ENTITY))
    ok(run.cancel())
    stored = "SELECT state, failure_reason FROM training_status_trainingrun"
    await_until(lambda: database.query(stored) == [("failed", "cancelled")], LIMIT_S)
    assert run.status()["failure_reason"] == "cancelled"


def test_of_two_processes_one_sweeps_at_a_time_and_no_run_is_lost_twice(database: Database) -> None:
    with database.served(**IMPATIENT) as first, database.served(**IMPATIENT) as second:
        client = first.client(first.token("operator"))
        domain = create_domain(client)
        with psycopg.connect(database.url) as other:  # a sweep that lasts
            other.execute("SELECT pg_advisory_xact_lock(%s)", (SWEEP_LOCK,))
            runs = [Run(client, domain) for _ in range(120)]
            for run in runs:
                run.send(phase(ENTITY))
            await_rounds(database, 4)
            assert (now() - parse_time(runs[-1].status()["last_report_at"])).total_seconds() > LOST_LIMIT_S
            assert {run.status()["status"] for run in runs} == {"training"}
        states = "SELECT failure_reason, count(*) FROM training_status_trainingrun GROUP BY 1"
        await_until(lambda: database.query(states) == [("lost", 120)], LIMIT_S)
        said = lambda: "".join(first.said + second.said)  # noqa: E731
        await_until(lambda: sum(map(int, re.findall(r"ended: (\d+) lost", said()))) >= 120, LIMIT_S)
        await_rounds(database, 2)
        assert sum(map(int, re.findall(r"ended: (\d+) lost", said()))) == 120
        for service in (first, second):
            again = service.client(service.token("operator"))
            assert ok(again.get(f"/domains/{domain}/training-status"))["failure_reason"] == "lost"
            assert not service.complaints


def test_a_service_that_was_down_gives_up_nobody_before_it_has_been_there_for_the_limit(
    giving_up: Service, database: Database
) -> None:
    run = new_run(giving_up)
    run.send(phase(ENTITY))
    giving_up.terminate()
    assert database.query("SELECT state FROM training_status_trainingrun") == [("running",)]
    database.query("UPDATE training_status_servicepresence SET since = since - interval '2 hours' RETURNING 1")
    database.query("UPDATE training_status_servicepresence SET seen_at = seen_at - interval '1 hour' RETURNING 1")
    database.query(
        "UPDATE training_status_trainingrun SET last_report_at = last_report_at - interval '1 hour' RETURNING 1"
    )
    started = now()
    giving_up.start()
    run.client = giving_up.client(giving_up.token("operator"))
    looked = []

    def is_lost() -> bool:
        status = run.status()["status"]
        looked.append((now(), status))
        return status == "failed"

    await_until(is_lost, LIMIT_S)
    assert looked[0][1] == "training"
    assert looked[-1][0] >= started + timedelta(seconds=LOST_LIMIT_S)
    assert database.query("SELECT since FROM training_status_servicepresence")[0][0] >= started


def test_the_upkeep_survives_its_connection_and_its_database(giving_up: Service, database: Database) -> None:
    await_rounds(database, 2)  # the second on a connection kept from the first: such a one may have failed
    database.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await_rounds(database, 1)
    assert not [line for line in giving_up.said if "Maintenance is paused" in line]  # it connects again at once
    run = new_run(giving_up)
    database.stop()
    await_until(lambda: any("Maintenance is paused" in line for line in giving_up.said), LIMIT_S)
    database.start()
    await_until(lambda: any("The database can be used again" in line for line in giving_up.said), LIMIT_S)
    await_until(lambda: run.status()["failure_reason"] == "lost", LIMIT_S)
    assert len([line for line in giving_up.said if "Maintenance is paused" in line]) == 1


def test_a_service_that_ends_leaves_no_connection(giving_up: Service, database: Database) -> None:
    others = (
        "SELECT application_name, query FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
    )
    await_rounds(database, 1)
    assert [query for _, query in database.query(others) if "aegis" not in query]
    giving_up.terminate()
    await_until(lambda: database.query(others) == [], LIMIT_S)


def test_a_database_that_does_not_answer_holds_up_no_shutdown(giving_up: Service, database: Database) -> None:
    await_rounds(database, 1)
    waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with psycopg.connect(database.url) as other:
        other.execute("SELECT 1 FROM training_status_servicepresence FOR UPDATE")
        await_until(lambda: database.query(waiting), LIMIT_S)
        giving_up.terminate(limit_s=3 * SHUTDOWN_LIMIT_S)


def sweep(service: Service, *options: str) -> str:
    """What the command prints once the service's own sweep is not running at the same moment."""

    def said() -> str | None:
        with service.command("sweep", *options) as process:
            stdout, stderr = process.communicate(timeout=60)
        assert process.returncode in (0, BUSY), stderr.decode()
        return stdout.decode().strip() if process.returncode == 0 else None

    return await_until(said, 60)


def test_the_command_sweeps_once_and_says_what_it_did(database: Database) -> None:
    with database.served(AEGIS_LOST_LIMIT_S="100000") as service:  # it gives up nobody by itself
        run = new_run(service)
        run.send(phase(ENTITY))
        await_rounds(database, 1)
        domain = f"/domains/{run.domain}"
        database.query(
            "UPDATE training_status_trainingrun SET last_report_at = last_report_at - interval '1 h' RETURNING 1"
        )
        database.query("UPDATE training_status_domain SET lost_limit_s = 3600 RETURNING 1")
        before = database.query("SELECT since FROM training_status_servicepresence")
        said = sweep(service)
        assert "0 lost, 0 cancelled" in said
        assert "The service has been reachable for" in said
        assert sweep(service, "--assume-reachable") == "Silent runs ended: 1 lost, 0 cancelled."
        assert ok(run.client.get(f"{domain}/training-status"))["failure_reason"] == "lost"
        assert database.query("SELECT since FROM training_status_servicepresence") == before
