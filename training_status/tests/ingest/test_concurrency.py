"""Writers that meet: each with a connection of its own, on a real PostgreSQL."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import OperationalError, connection, transaction

from tests.support.concurrency import AWAIT_S, in_thread, wait_until_blocked
from tests.support.factories import DomainFactory, TrainingRunFactory, log_lines, new_id, send
from training_status.errors import Conflict, NotFound, Unavailable
from training_status.ingest import lock_wait
from training_status.ingest.batch import LogEvent, PhaseEvent
from training_status.ingest.deletion import delete_domain, delete_run
from training_status.ingest.events import append_training_log_message
from training_status.ingest.locked_domain import lock_domain
from training_status.ingest.locked_run import lock_run
from training_status.ingest.request_schemas import NewRun
from training_status.ingest.runs import start_run
from training_status.models import Domain, PhaseTiming, TrainingLogEntry, TrainingRun

pytestmark = pytest.mark.django_db(transaction=True)


def test_two_connections_appending_at_once_leave_no_gap_and_no_repeat():
    run = TrainingRunFactory(running=True)
    barrier = threading.Barrier(2)

    def append(name: str) -> None:
        barrier.wait(AWAIT_S)
        for position in range(100):
            append_training_log_message(run, run.created_at, "INFO", f"{name}{position}")

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(in_thread, lambda name=name: append(name)) for name in "ab"]:
            done.result(AWAIT_S)
    lines = list(TrainingLogEntry.objects.filter(run=run).order_by("seq").values_list("seq", "message"))
    assert [seq for seq, _ in lines] == list(range(1, 201))
    for name in "ab":
        assert [message for _, message in lines if message.startswith(name)] == [f"{name}{n}" for n in range(100)]


def test_the_same_batch_from_two_connections_at_once_is_stored_once():
    run = TrainingRunFactory()
    barrier = threading.Barrier(4)

    def report() -> int:
        barrier.wait(AWAIT_S)
        return send(run, *log_lines(1, 50)).accepted

    with ThreadPoolExecutor(4) as pool:
        accepted = [done.result(AWAIT_S) for done in [pool.submit(in_thread, report) for _ in range(4)]]
    assert sorted(accepted) == [0, 0, 0, 50]
    assert TrainingLogEntry.objects.filter(run=run).count() == 50


def test_a_batch_that_fails_half_way_stores_nothing():
    """Its connection is cut between its entries and its phase timing, which another transaction holds up."""
    run = TrainingRunFactory()
    with ThreadPoolExecutor(1) as pool, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE training_status_phasetiming IN EXCLUSIVE MODE")
        report = lambda: send(run, LogEvent(n=1, level="INFO", message="m"), PhaseEvent(n=2, phase="loading_data"))  # noqa: E731
        sending = pool.submit(in_thread, report)
        wait_until_blocked()
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        with pytest.raises(OperationalError):
            sending.result(AWAIT_S)
    stored = TrainingRun.objects.get(id=run.id)
    assert (stored.last_n, stored.last_seq, stored.state) == (0, 0, "pending")
    assert not TrainingLogEntry.objects.filter(run_id=run.id).exists()
    assert not PhaseTiming.objects.filter(run=run).exists()
    assert send(run, *log_lines(1, 1)).accepted == 1


def test_a_batch_resent_while_the_first_is_being_stored_is_a_duplicate_phase_and_all():
    """The second waits for the first's lock, and must then see the phase that the first has entered."""
    run = TrainingRunFactory()
    start = run.created_at

    def batch(first_n: int) -> list[PhaseEvent]:
        return [
            PhaseEvent(n=first_n, phase="loading_data", timestamp=start + timedelta(seconds=9)),
            PhaseEvent(n=first_n + 1, phase="prompt_extraction", timestamp=start + timedelta(seconds=5)),
        ]

    now = start + timedelta(seconds=20)
    with ThreadPoolExecutor(1) as pool, time_machine.travel(now):
        with transaction.atomic():
            send(run, *batch(1)[:1])
            resent = pool.submit(in_thread, lambda: send(run, *batch(1)))
            wait_until_blocked()
        assert resent.result(AWAIT_S).duplicates == 1
    timings = PhaseTiming.objects.filter(run=run).values_list("phase", "started_at", "ended_at")
    assert list(timings) == [
        ("loading_data", start + timedelta(seconds=9), start + timedelta(seconds=9)),
        ("prompt_extraction", start + timedelta(seconds=9), None),
    ]


def test_a_writer_that_cannot_have_the_lock_gives_up_soon_and_says_so(monkeypatch):
    monkeypatch.setattr(lock_wait, "LOCK_WAIT_S", 0.1)
    run = TrainingRunFactory()
    with ThreadPoolExecutor(2) as pool, transaction.atomic():
        lock_domain(run.domain.name, only_domain_id=None)
        lock_run(run.public_id, only_domain_id=None)
        for action in (lambda: send(run, *log_lines(1, 1)), lambda: start_run(run.domain.name, NewRun())):
            with pytest.raises(Unavailable):
                pool.submit(in_thread, action).result(AWAIT_S)


def deletion_beside_open_ingest(run: TrainingRun, delete: Callable[[], None], *, before: bool) -> list[Any]:
    """Run a deletion and an ingest of the same run at once; whichever comes first holds the lock."""
    actions = [delete, lambda: send(run, *log_lines(11, 10))]
    first, second = actions if before else reversed(actions)
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            first()
            waiting = pool.submit(in_thread, second)
            wait_until_blocked()
        wait([waiting], AWAIT_S)
    return [waiting.exception()]


@pytest.mark.parametrize("before", [True, False], ids=["delete first", "ingest first"])
@pytest.mark.parametrize("whole_domain", [False, True], ids=["run", "domain"])
def test_a_delete_beside_an_open_ingest_leaves_no_orphan(before, whole_domain):
    run = TrainingRunFactory(lost=True)
    send(run, *log_lines(1, 10))
    TrainingRun.objects.filter(id=run.id).update(state="failed", failure_reason="lost", ended_at=run.created_at)
    delete = (lambda: delete_domain(run.domain.name)) if whole_domain else (lambda: delete_run(run.public_id))
    (error,) = deletion_beside_open_ingest(run, delete, before=before)
    if before:
        assert isinstance(error, NotFound)
        assert not TrainingRun.objects.filter(id=run.id).exists()
        assert not TrainingLogEntry.objects.filter(run_id=run.id).exists()
    else:
        assert isinstance(error, Conflict)  # the ingest revived it
        assert TrainingLogEntry.objects.filter(run_id=run.id).count() == 20


def test_the_same_start_twice_at_once_creates_one_run():
    domain, start = DomainFactory(), NewRun(id=new_id())
    barrier = threading.Barrier(4)

    def begin() -> bool:
        barrier.wait(AWAIT_S)
        return start_run(domain.name, start).created

    with ThreadPoolExecutor(4) as pool:
        created = [done.result(AWAIT_S) for done in [pool.submit(in_thread, begin) for _ in range(4)]]
    assert sorted(created) == [False, False, False, True]
    assert TrainingRun.objects.count() == 1


def test_the_same_id_in_two_domains_at_once_is_taken_by_one():
    domains, start = [DomainFactory(), DomainFactory()], NewRun(id=new_id())
    barrier = threading.Barrier(2)

    def begin(domain: Domain) -> bool:
        barrier.wait(AWAIT_S)
        return start_run(domain.name, start).created

    with ThreadPoolExecutor(2) as pool:
        started = [pool.submit(in_thread, lambda domain=domain: begin(domain)) for domain in domains]
        wait(started, AWAIT_S)
    errors = [done.exception() for done in started]
    assert [error for error in errors if error is None] == [None]
    (error,) = [error for error in errors if error is not None]
    assert isinstance(error, Conflict)
    assert error.code == "run_id_taken"


def test_run_numbers_of_starts_at_once_are_1_2_3():
    domain = DomainFactory()
    barrier = threading.Barrier(4)

    def begin() -> None:
        barrier.wait(AWAIT_S)
        for _ in range(5):
            start_run(domain.name, NewRun())

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(in_thread, begin) for _ in range(4)]:
            done.result(AWAIT_S)
    assert sorted(TrainingRun.objects.values_list("run_number", flat=True)) == list(range(1, 21))
