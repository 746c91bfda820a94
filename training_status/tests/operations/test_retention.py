"""Letting old logs go: which, how much at a time, and what readers and reporters find."""

import random
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction

from tests.support.concurrency import AWAIT_S, in_thread, wait_until_blocked
from tests.support.factories import DomainFactory, TrainingRunFactory, log_lines, send
from training_status.errors import NotFound, Unavailable
from training_status.ingest.batch import LogEvent
from training_status.ingest.locked_run import lock_run
from training_status.ingest.log_pruning import FinishedRun, prune_oldest_entries
from training_status.log_levels import LEVEL_NAMES
from training_status.models import Domain, TrainingLogEntry, TrainingRun
from training_status.operations import retention
from training_status.operations.retention import due_logs, prune_old_logs
from training_status.operations.sweep_lock import acquire_sweep_lock
from training_status.read.logs import LogFilter, RunLog
from training_status.read.run_facts import run_by_public_id
from training_status.serializers.status import TrainingStatusSerializer

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 1, 20, 15, 5, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def frozen_clock() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


def finished(
    domain: Domain, number: int, *, ended: datetime = NOW, entries: int = 3, reason: str = "lost"
) -> TrainingRun:
    """A run that ended then, with so many entries; provisionally, or as `completed`."""
    run = TrainingRunFactory(domain=domain, run_number=number, created_at=ended - DAY)
    send(run, *log_lines(1, entries))
    values: dict[str, Any] = {"state": "failed", "failure_reason": reason, "ended_at": ended, "started_at": ended - DAY}
    if reason == "completed":
        values |= {"state": "completed", "failure_reason": None, "end_reported": True, "progress_percent": 100.0}
    TrainingRun.objects.filter(id=run.id).update(**values)
    return again(run)


def again(run: TrainingRun) -> TrainingRun:
    return TrainingRun.objects.get(id=run.id)


def kept() -> dict[int, int]:
    """How many entries of each run, by its number, are there; after a look at whether the counts say the same."""
    there = {}
    for run in TrainingRun.objects.all():
        entries = TrainingLogEntry.objects.filter(run_id=run.id)
        counts = Counter(entries.values_list("level", flat=True))
        assert list(entries.order_by("seq").values_list("seq", flat=True)) == list(
            range(run.first_seq, run.last_seq + 1)
        )
        assert {level: getattr(run, f"{name.lower()}_count") for level, name in LEVEL_NAMES.items()} == {
            level: counts[level] for level in LEVEL_NAMES
        }
        there[run.run_number] = sum(counts.values())
    return there


def test_everything_is_kept_where_nothing_is_said():
    finished(DomainFactory(), 1, ended=NOW - 9999 * DAY)
    assert due_logs() == []
    assert prune_old_logs().entries == 0
    assert kept() == {1: 3}


def test_the_newest_finished_runs_are_kept():
    domain = DomainFactory(kept_runs=2)
    for number, reason in enumerate(("completed", "error", "lost", "completed"), 1):
        finished(domain, number, reason=reason)
    send(TrainingRunFactory(domain=domain, run_number=5), *log_lines(1, 3))
    finished(DomainFactory(), 6)
    assert due_logs() == [(domain.name, 2, 6)]
    pruned = prune_old_logs()
    assert (pruned.entries, pruned.is_all, pruned.runs_left) == (6, True, 0)
    assert kept() == {1: 0, 2: 0, 3: 3, 4: 3, 5: 3, 6: 3}
    assert due_logs() == []
    assert prune_old_logs().entries == 0


def test_an_active_run_keeps_its_log_however_old_it_is():
    domain = DomainFactory(kept_runs=1, kept_days=1)
    run = TrainingRunFactory(domain=domain, run_number=1, created_at=NOW - 99 * DAY)
    send(run, *log_lines(1, 3))
    finished(domain, 2)
    assert prune_old_logs().entries == 0


@pytest.mark.parametrize(("ended", "entries"), [(NOW - 2 * DAY, 3), (NOW - 2 * DAY - DAY / 1000, 0)])
def test_a_log_is_kept_for_so_many_days_after_the_runs_end(ended, entries):
    finished(DomainFactory(kept_days=2), 1, ended=ended)
    prune_old_logs()
    assert kept() == {1: entries}


def test_the_settings_hold_for_domains_that_say_nothing(settings):
    settings.KEPT_RUNS, settings.KEPT_DAYS = 1, 30
    usual, more, longer = DomainFactory(), DomainFactory(kept_runs=9), DomainFactory(kept_runs=9, kept_days=999)
    for place, domain in enumerate((usual, more, longer)):
        for number, days in ((1, 40), (2, 20), (3, 10)):
            finished(domain, 10 * place + number, ended=NOW - days * DAY)
    prune_old_logs()
    assert {number for number, entries in kept().items() if not entries} == {1, 2, 11}


def test_bounds_of_the_limits_break_nothing():
    finished(DomainFactory(kept_runs=999_999_999, kept_days=999_999_999.9), 1)
    assert prune_old_logs().entries == 0


def test_a_long_log_goes_in_small_transactions_and_a_share_is_bounded(monkeypatch):
    monkeypatch.setattr(retention, "ENTRIES_AT_ONCE", 10)
    domain = DomainFactory(kept_days=1)
    levels = random.Random(1).choices(list(LEVEL_NAMES.values()), k=35)
    run = finished(domain, 1, ended=NOW - 2 * DAY, entries=0)
    send(run, *[LogEvent(n=n, level=level, message="m") for n, level in enumerate(levels, 1)])
    TrainingRun.objects.filter(id=run.id).update(state="failed", failure_reason="lost", ended_at=NOW - 2 * DAY)
    finished(domain, 2, ended=NOW - 2 * DAY, entries=8)
    removed: list[int] = []
    pruned = prune_old_logs(batches_max=2, on_removed=removed.append)
    assert (pruned.entries, pruned.is_all, removed) == (20, False, [10, 10])
    assert kept() == {1: 15, 2: 8}
    assert again(run).first_seq == 21
    pruned = prune_old_logs(on_removed=removed.append)
    assert (pruned.entries, pruned.is_all) == (23, True)
    assert sum(removed) == 43
    assert kept() == {1: 0, 2: 0}


def test_more_runs_than_one_look_finds(monkeypatch):
    monkeypatch.setattr(retention, "RUNS_AT_ONCE", 2)
    domain = DomainFactory(kept_runs=1)
    for number in range(1, 9):
        finished(domain, number, entries=number)
    assert prune_old_logs().entries == sum(range(1, 8))
    assert kept() == {**dict.fromkeys(range(1, 8), 0), 8: 8}


def test_a_share_that_is_told_to_stop_stops():
    finished(DomainFactory(kept_days=1), 1, ended=NOW - 2 * DAY)
    assert not prune_old_logs(is_stopping=lambda: True).is_all
    assert kept() == {1: 3}


def test_what_is_told_of_the_run_stays():
    domain = DomainFactory(kept_days=1)
    run = finished(domain, 1, ended=NOW - 2 * DAY, reason="completed")
    TrainingRun.objects.filter(id=run.id).update(metrics={"entity_f1": 0.8}, result={"prompts": {}})
    told = lambda: TrainingStatusSerializer(context={"now": NOW}).to_representation(  # noqa: E731
        run_by_public_id(run.public_id)
    )
    before = told()
    assert prune_old_logs().entries == 3
    assert told() == before
    assert again(run).result == {"prompts": {}}


def test_a_lost_run_that_comes_back_is_numbered_on():
    run = finished(DomainFactory(kept_days=1), 1, ended=NOW - 2 * DAY)
    prune_old_logs()
    assert send(run, *log_lines(4, 2)).status == "training"
    assert kept() == {1: 2}
    assert (again(run).first_seq, again(run).last_seq, again(run).resumed_at_seq) == (4, 5, 3)
    log = RunLog(run.domain.name, run_by_public_id(run.public_id), LogFilter())
    window = log.window(0, 10)
    assert ([line.seq for line in window.lines], window.total) == ([5, 4], 2)


def test_a_run_that_has_gone_on_since_it_was_found_keeps_its_log():
    run = finished(DomainFactory(kept_days=1), 1, ended=NOW - 2 * DAY)
    found = FinishedRun(run.id, run.ended_at, 3)
    send(run, *log_lines(4, 1))
    assert prune_oldest_entries(found, at_most=10) is None
    TrainingRun.objects.filter(id=run.id).update(state="failed", failure_reason="lost", ended_at=NOW)
    assert prune_oldest_entries(found, at_most=10) is None
    assert kept() == {1: 4}


def test_readers_of_a_log_that_is_being_removed():
    """A download that began before ends with an error, never silently short; a search finds what is still there."""
    run = finished(DomainFactory(kept_days=1), 1, ended=NOW - 2 * DAY, entries=600)
    facts = run_by_public_id(run.public_id)
    slices = RunLog(run.domain.name, facts, LogFilter(ascending=True)).slices()
    assert [line.seq for line in next(slices)] == [*range(1, 251)]
    assert prune_oldest_entries(FinishedRun(run.id, run.ended_at, 600), at_most=400) == 400
    with pytest.raises(NotFound, match="was removed while it was being read"):
        list(slices)
    for log_filter in (LogFilter(), LogFilter(search="1"), LogFilter(levels=frozenset({20})), LogFilter(after_seq=9)):
        before = RunLog(run.domain.name, facts, log_filter).window(500, 20)
        assert before.lines == []
        after = RunLog(run.domain.name, run_by_public_id(run.public_id), log_filter).window(0, 20)
        assert after.lines[0].seq >= 591
        assert after.total <= 200


@pytest.mark.django_db(transaction=True)
def test_a_run_that_is_being_written_is_left_for_later():
    domain = DomainFactory(kept_days=1)
    held = finished(domain, 1, ended=NOW - 2 * DAY)
    finished(domain, 2, ended=NOW - 2 * DAY)
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            lock_run(held.public_id, only_domain_id=None)
            pruned = pool.submit(in_thread, prune_old_logs).result(AWAIT_S)
            assert (pruned.entries, pruned.runs_left) == (3, 1)
        assert kept() == {1: 3, 2: 0}
        assert pool.submit(in_thread, prune_old_logs).result(AWAIT_S).entries == 3


@pytest.mark.django_db(transaction=True)
def test_while_another_sweep_is_at_work_nothing_is_removed_or_it_is_waited_for():
    finished(DomainFactory(kept_days=1), 1, ended=NOW - 2 * DAY)
    with ThreadPoolExecutor(2) as pool:
        with transaction.atomic():
            assert acquire_sweep_lock()
            pruned = pool.submit(in_thread, prune_old_logs).result(AWAIT_S)
            assert (pruned.was_busy, pruned.entries, pruned.is_all) == (True, 0, False)
            waiting = pool.submit(in_thread, lambda: prune_old_logs(wait=True))
        assert waiting.result(AWAIT_S).entries == 3


@pytest.mark.django_db(transaction=True)
def test_a_limit_that_is_raised_while_others_are_at_work_or_waited_for_counts():
    domain = DomainFactory(kept_days=1)
    finished(domain, 1, ended=NOW - 2 * DAY)
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            assert acquire_sweep_lock()
            waiting = pool.submit(in_thread, lambda: prune_old_logs(wait=True))
            wait_until_blocked()
            Domain.objects.update(kept_days=9)
        assert waiting.result(AWAIT_S).entries == 0
    assert kept() == {1: 3}


def test_a_limit_that_is_raised_between_two_steps_keeps_the_rest(monkeypatch):
    monkeypatch.setattr(retention, "ENTRIES_AT_ONCE", 10)
    domain = DomainFactory(kept_days=1)
    finished(domain, 1, ended=NOW - 2 * DAY, entries=35)
    finished(domain, 2, ended=NOW - 2 * DAY)
    pruned = prune_old_logs(on_removed=lambda _: Domain.objects.update(kept_days=9))
    assert (pruned.entries, pruned.is_all) == (10, True)
    assert kept() == {1: 25, 2: 3}


@pytest.mark.django_db(transaction=True)
def test_a_look_that_takes_too_long_is_ended_and_the_limit_holds_for_nothing_else():
    finished(DomainFactory(kept_days=1), 1, ended=NOW - 2 * DAY)
    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE training_status_domain IN ACCESS EXCLUSIVE MODE")  # nobody can look
        looking = pool.submit(in_thread, lambda: prune_old_logs(query_limit_s=0.1))
        with pytest.raises(Unavailable, match=r"cancelled after 0\.1 s"):
            looking.result(AWAIT_S)
    with connection.cursor() as cursor, transaction.atomic():
        assert prune_old_logs().entries == 3
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("0",)


def test_the_newest_runs_of_a_domain_are_looked_for_once() -> None:
    domains = [DomainFactory(kept_runs=2) for _ in range(3)]
    for domain in domains:
        for number in range(1, 13):
            finished(domain, number, entries=1)
    values = {"kept_runs": None, "kept_days": None, "now": NOW, "after_id": 0, "at_most": 1000}
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {retention._DUE_RUNS}", values)
        ((plan,),) = cursor.fetchall()
    looked = [node["Actual Loops"] for node in _nodes(plan[0]["Plan"]) if node.get("Alias") == "newer"]
    assert looked == [len(domains)]


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from _nodes(below)
