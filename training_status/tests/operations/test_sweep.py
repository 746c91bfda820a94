"""Giving up runs that went silent, with a frozen clock: at every limit, and the way back."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction

from tests.support.concurrency import AWAIT_S, in_thread
from tests.support.factories import DomainFactory, TrainingRunFactory, log_lines, send
from training_status.ingest.batch import CompleteEvent, PhaseEvent, ProgressEvent
from training_status.ingest.events import record_heartbeat
from training_status.ingest.locked_run import lock_run
from training_status.ingest.runs import request_cancel
from training_status.ingest.service_uptime import record_uptime
from training_status.models import PhaseTiming, RunForecast, ServicePresence, TrainingRun
from training_status.operations.maintenance import MaintenanceLoop
from training_status.operations.sweep import RUNS_AT_ONCE, SILENT_RUNS, Swept, parameters, sweep_runs
from training_status.operations.sweep_lock import acquire_sweep_lock

NOW = datetime(2026, 1, 20, 15, 5, tzinfo=UTC)
SECOND = timedelta(seconds=1)
LOST_S = 900

Clock = Callable[[float], None]


@pytest.fixture
def clock() -> Any:
    """Stands at NOW; `clock(s)` sets it so many seconds after that."""
    with time_machine.travel(NOW, tick=False) as travelling:
        yield lambda seconds: travelling.move_to(NOW + seconds * SECOND)


def reachable(since_s: float, seen_s: float) -> None:
    """The service was there from so many seconds after NOW, without a gap, until so many."""
    ServicePresence.objects.all().delete()
    ServicePresence.objects.create(since=NOW + since_s * SECOND, seen_at=NOW + seen_s * SECOND)


def swept(**options: Any) -> tuple[int, int]:
    """How many runs a sweep has given up: lost, cancelled."""
    done = sweep_runs(**options)
    assert not done.was_busy
    return done.lost, done.cancelled


def again(run: TrainingRun) -> TrainingRun:
    return TrainingRun.objects.get(id=run.id)


@pytest.mark.django_db
def test_a_run_is_lost_at_its_limit_and_not_before(clock):
    run = TrainingRunFactory()
    send(run, PhaseEvent(n=1, phase="loading_data"))
    clock(LOST_S - 0.001)
    reachable(-3600, LOST_S)
    assert swept() == (0, 0)
    clock(LOST_S)
    assert swept() == (1, 0)
    lost = again(run)
    assert (lost.state, lost.failure_reason, lost.end_reported, lost.ended_at) == ("failed", "lost", False, NOW)
    assert PhaseTiming.objects.get(run=run).ended_at == NOW
    assert (lost.error_message, lost.last_report_at) == (None, NOW)
    assert swept() == (0, 0)


@pytest.mark.django_db
def test_a_pending_run_is_lost_too(clock):
    run = TrainingRunFactory()
    clock(LOST_S)
    reachable(-3600, LOST_S)
    assert swept() == (1, 0)
    assert (again(run).started_at, again(run).ended_at) == (None, NOW)
    record_heartbeat(run.public_id)
    assert again(run).state == "pending"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "report",
    [lambda run: record_heartbeat(run.public_id), lambda run: send(run, *log_lines(2, 1))],
    ids=["beat", "log"],
)
def test_a_lost_run_that_reports_again_goes_on(clock, report):
    run = TrainingRunFactory()
    send(run, PhaseEvent(n=1, phase="loading_data"))
    clock(LOST_S)
    reachable(-3600, LOST_S)
    assert swept() == (1, 0)
    assert report(run).status == "training"
    back = again(run)
    assert (back.state, back.failure_reason, back.ended_at, back.resumed_at_seq) == ("running", None, None, 1)
    assert PhaseTiming.objects.get(run=run).ended_at is None
    assert swept() == (0, 0)
    n = back.last_n + 1
    assert send(run, ProgressEvent(n=n, fraction=1.0), CompleteEvent(n=n + 1)).status == "completed"


@pytest.mark.django_db
def test_a_heartbeat_is_enough_to_be_there(clock):
    run = TrainingRunFactory(running=True)
    clock(LOST_S - 1)
    record_heartbeat(run.public_id)
    clock(LOST_S + 1)
    reachable(-3600, LOST_S + 1)
    assert swept() == (0, 0)


@pytest.mark.django_db
def test_each_domain_has_its_own_limit(clock):
    soon = TrainingRunFactory(domain=DomainFactory(lost_limit_s=10), running=True)
    late = TrainingRunFactory(domain=DomainFactory(lost_limit_s=5000), running=True)
    usual = TrainingRunFactory(running=True)
    for seconds, lost in ((9.9, []), (10, [soon]), (LOST_S, [soon, usual]), (5000, [soon, usual, late])):
        clock(seconds)
        reachable(-3600, seconds)
        sweep_runs()
        assert set(TrainingRun.objects.filter(failure_reason="lost")) == set(lost)


@pytest.mark.django_db
def test_a_service_that_was_away_gives_up_nobody_until_it_has_been_there_for_the_limit(clock):
    """It was down for an hour; the runs have been silent since before."""
    TrainingRunFactory(running=True)
    reachable(-3600, 2)
    for seconds in range(3600, 3600 + LOST_S, 10):
        clock(seconds)
        assert swept() == (0, 0)
        record_uptime(NOW + seconds * SECOND)
        assert swept() == (0, 0)
    clock(3600 + LOST_S)
    assert swept() == (1, 0)


@pytest.mark.django_db
@pytest.mark.parametrize("presence", [None, (-9999, -9999), (-9999, 0), (9999, 9999)], ids=str)
def test_without_a_service_that_is_seen_nobody_is_lost(clock, presence):
    TrainingRunFactory(running=True)
    if presence is not None:
        reachable(*presence)
    clock(LOST_S)
    assert swept() == (0, 0)
    assert swept(assume_reachable=True) == (1, 0)


@pytest.mark.django_db
@pytest.mark.parametrize("jump_s", [-7200, 7200])
def test_a_clock_that_jumps_gives_nobody_up(clock, jump_s):
    """Nor does it later, before a lost limit has passed by the clock as it then goes."""
    reachable(-9999, 0)
    before = TrainingRunFactory(running=True)
    clock(jump_s)
    assert swept() == (0, 0)
    record_uptime(NOW + jump_s * SECOND)
    after = TrainingRunFactory(running=True)
    for seconds in range(0, LOST_S, 10):
        clock(jump_s + seconds)
        record_uptime(NOW + (jump_s + seconds) * SECOND)
        assert swept() == (0, 0)
    clock(jump_s + LOST_S)
    sweep_runs()
    assert again(after).failure_reason == "lost"
    assert (again(before).failure_reason == "lost") == (jump_s > 0)


@pytest.mark.django_db
def test_a_run_that_was_asked_to_stop_is_cancelled_when_it_goes_silent(clock):
    run = TrainingRunFactory(domain=DomainFactory(stall_limit_s=20), running=True, current_phase="loading_data")
    TrainingRun.objects.filter(id=run.id).update(phase_started_at=NOW)
    PhaseTiming.objects.create(run=run, phase="loading_data", started_at=NOW)
    clock(5)
    request_cancel(run.public_id)
    clock(19.9)
    reachable(-3600, 19.9)
    assert swept() == (0, 0)
    clock(20)
    assert swept() == (0, 1)
    stored = again(run)
    assert (stored.state, stored.failure_reason, stored.ended_at) == ("failed", "cancelled", NOW + 5 * SECOND)
    assert PhaseTiming.objects.get(run=run).ended_at == NOW + 5 * SECOND
    assert send(run, *log_lines(1, 1)).status == "training"


@pytest.mark.django_db
def test_a_run_that_was_asked_to_stop_is_not_lost_for_the_service_s_own_absence(clock):
    """The service goes away right after the request, for an hour, and needs the stall limit to know more."""
    run = TrainingRunFactory(domain=DomainFactory(stall_limit_s=20), running=True)
    request_cancel(run.public_id)
    reachable(-3600, 2)
    for seconds in range(3600, 3620, 5):
        clock(seconds)
        record_uptime(NOW + seconds * SECOND)
        assert swept() == (0, 0)
    assert again(run).state == "running"
    assert swept(assume_reachable=True) == (0, 1)


@pytest.mark.django_db
def test_a_run_that_was_asked_to_stop_is_not_lost(clock):
    run = TrainingRunFactory(domain=DomainFactory(stall_limit_s=100, lost_limit_s=10), running=True)
    request_cancel(run.public_id)
    clock(50)
    reachable(-3600, 50)
    assert swept() == (0, 0)
    clock(100)
    reachable(-3600, 100)
    assert swept() == (0, 1)


@pytest.mark.django_db
def test_finished_runs_are_left_alone(clock):
    for trait in ("completed", "lost"):
        TrainingRunFactory(**{trait: True})
    before = list(TrainingRun.objects.values())
    clock(9999)
    assert swept(assume_reachable=True) == (0, 0)
    assert list(TrainingRun.objects.values()) == before


@pytest.mark.django_db
def test_more_runs_than_one_transaction_takes(clock):
    domain = DomainFactory()
    TrainingRunFactory.create_batch(2 * RUNS_AT_ONCE + 3, domain=domain, running=True)
    clock(LOST_S)
    assert swept(assume_reachable=True) == (2 * RUNS_AT_ONCE + 3, 0)


@contextmanager
def unstorable(run: TrainingRun) -> Iterator[None]:
    """The database refuses this run's end, as any constraint may of a run nobody has thought of."""
    with connection.cursor() as cursor:
        cursor.execute(
            "ALTER TABLE training_status_trainingrun ADD CONSTRAINT never_ends "
            f"CHECK (id <> {run.id} OR state = 'running') NOT VALID"
        )
    yield
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE training_status_trainingrun DROP CONSTRAINT never_ends")


@pytest.mark.django_db(transaction=True)
def test_a_run_that_cannot_be_stored_stops_no_other(clock):
    first, broken, last = (TrainingRunFactory(running=True) for _ in range(3))
    clock(LOST_S)
    with unstorable(broken):
        done = sweep_runs(assume_reachable=True)
        assert (done.lost, list(done.failures)) == (2, [broken.id])
        assert "never_ends" in str(done.failures[broken.id])
        assert [again(run).state for run in (first, broken, last)] == ["failed", "running", "failed"]
    assert swept(assume_reachable=True) == (1, 0)


@pytest.mark.django_db(transaction=True)
def test_a_run_whose_stored_estimate_cannot_be_read_stops_no_other(clock):
    broken, other = TrainingRunFactory(running=True), TrainingRunFactory(running=True)
    RunForecast.objects.create(run=broken, learned={}, estimate={"what": "no estimate"})
    clock(LOST_S)
    done = sweep_runs(assume_reachable=True)
    assert (done.lost, list(done.failures)) == (1, [broken.id])
    assert (again(broken).state, again(other).state) == ("running", "failed")


@pytest.mark.django_db(transaction=True)
def test_a_broken_run_is_said_once_by_the_upkeep_and_not_blamed_on_the_database(clock, caplog):
    broken, other = TrainingRunFactory(running=True), TrainingRunFactory(running=True)
    clock(LOST_S)
    reachable(-3600, LOST_S)
    maintenance = MaintenanceLoop()
    with unstorable(broken):
        for _ in range(3):
            maintenance._round()
    assert again(other).failure_reason == "lost"
    said = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert len(said) == 1
    assert said[0].startswith(f"The silent run with the key {broken.id} could not be ended: ")


@pytest.mark.django_db
def test_a_sweep_that_is_told_to_stop_stops(clock):
    TrainingRunFactory(running=True)
    clock(LOST_S)
    assert sweep_runs(assume_reachable=True, is_stopping=lambda: True) == Swept()


@pytest.mark.django_db(transaction=True)
def test_a_run_that_is_being_written_is_skipped_and_not_waited_for(clock):
    held, free = TrainingRunFactory(running=True), TrainingRunFactory(running=True)
    clock(LOST_S)
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            lock_run(held.public_id, only_domain_id=None)
            assert pool.submit(in_thread, lambda: swept(assume_reachable=True)).result(AWAIT_S) == (1, 0)
        assert (again(held).state, again(free).state) == ("running", "failed")
        assert pool.submit(in_thread, lambda: swept(assume_reachable=True)).result(AWAIT_S) == (1, 0)


@pytest.mark.django_db(transaction=True)
def test_one_sweep_at_a_time(clock):
    run = TrainingRunFactory(running=True)
    clock(LOST_S)
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            assert acquire_sweep_lock()
            done = pool.submit(in_thread, lambda: sweep_runs(assume_reachable=True)).result(AWAIT_S)
            assert (done.was_busy, done.lost) == (True, 0)
        assert again(run).state == "running"
        done = pool.submit(in_thread, lambda: sweep_runs(assume_reachable=True)).result(AWAIT_S)
        assert (done.was_busy, done.lost) == (False, 1)


MANY_FINISHED = """
    INSERT INTO training_status_trainingrun
           (public_id, domain_id, run_number, llm_model, config, tags, note, state, end_reported, progress_percent,
            metrics, created_at, started_at, ended_at, last_report_at, last_event_at, last_n, first_seq, last_seq,
            debug_count, info_count, warning_count, error_count, critical_count)
    SELECT gen_random_uuid(), %s, number, 'm', '{}', '[]', '', 'completed', true, 100.0,
           '{}', %s, %s, %s, %s, %s, 0, 1, 0, 0, 0, 0, 0, 0
      FROM generate_series(1, 100000) AS number
"""


@pytest.mark.django_db
def test_finished_runs_however_many_are_not_looked_at(clock):
    domain = DomainFactory()
    with connection.cursor() as cursor:
        cursor.execute(MANY_FINISHED, (domain.id, *[NOW] * 5))
        cursor.execute("ANALYZE training_status_trainingrun, training_status_domain")
    run = TrainingRunFactory(domain=domain, run_number=100_001, running=True)
    clock(LOST_S)
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {SILENT_RUNS}", parameters(NOW, 9999.0, 0))
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "run_active" in plan, plan
    assert "Seq Scan on training_status_trainingrun" not in plan, plan
    assert swept(assume_reachable=True) == (1, 0)
    assert again(run).failure_reason == "lost"
