"""Events: what they make of a run, exactly once."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from tests.support.factories import DomainFactory, TrainingRunFactory, log_lines, new_id, send
from training_status.errors import Conflict, NotFound
from training_status.ingest.batch import Batch, CompleteEvent, FailEvent, LogEvent, PhaseEvent, ProgressEvent
from training_status.ingest.events import append_training_log_message, record_events, record_heartbeat
from training_status.models import PhaseTiming, TrainingLogEntry, TrainingRun

pytestmark = pytest.mark.django_db

ENTITY = "entity_extraction_optimization"
RELATION = "relation_extraction_optimization"


@pytest.fixture
def run():
    return TrainingRunFactory()


def again(run: TrainingRun) -> TrainingRun:
    return TrainingRun.objects.get(id=run.id)


def entries(run: TrainingRun) -> list[tuple[int, int, str, str | None]]:
    return list(
        TrainingLogEntry.objects.filter(run_id=run.id).order_by("seq").values_list("seq", "level", "message", "step")
    )


def test_it_works(run):
    receipt = send(
        run,
        PhaseEvent(n=1, phase=ENTITY, message="120 samples"),
        ProgressEvent(n=2, fraction=0.5, message="trial 5 of 10", metrics={"entity_f1": 0.7}),
        LogEvent(n=3, level="WARNING", message="slow model", step="trial 6"),
        CompleteEvent(n=4, metrics={"entity_f1": 0.87}, result={"prompts": {"entity": "Find …"}}),
    )
    assert (receipt.accepted, receipt.duplicates, receipt.last_n, receipt.status) == (4, 0, 4, "completed")
    stored = again(run)
    assert stored.state == "completed"
    assert stored.progress_percent == 100.0
    assert stored.metrics == {"entity_f1": 0.87}
    assert stored.result == {"prompts": {"entity": "Find …"}}
    assert stored.message == "trial 5 of 10"
    assert entries(run) == [
        (1, 20, "120 samples", ENTITY),
        (2, 20, "trial 5 of 10", ENTITY),
        (3, 30, "slow model", "trial 6"),
    ]
    assert (stored.info_count, stored.warning_count, stored.last_seq) == (2, 1, 3)


def test_a_batch_sent_twice_is_stored_once(run):
    events = [PhaseEvent(n=1, phase=ENTITY), *log_lines(2, 3)]
    send(run, *events)
    receipt = send(run, *events)
    assert (receipt.accepted, receipt.duplicates, receipt.last_n) == (0, 4, 4)
    assert len(entries(run)) == 4


def test_a_batch_that_overlaps_gives_only_what_is_new(run):
    send(run, *log_lines(1, 3))
    receipt = send(run, *log_lines(2, 4))
    assert (receipt.accepted, receipt.duplicates, receipt.last_n) == (2, 2, 5)
    assert [message for _, _, message, _ in entries(run)] == ["1", "2", "3", "4", "5"]


def test_a_number_repeated_in_a_batch_counts_once(run):
    receipt = send(run, *log_lines(1, 1), *log_lines(1, 1), *log_lines(2, 1))
    assert (receipt.accepted, receipt.duplicates) == (2, 1)


@pytest.mark.parametrize("events", [log_lines(3, 1), [*log_lines(2, 1), *log_lines(4, 1)]], ids=["ahead", "inside"])
def test_a_gap_is_refused_and_stores_nothing(run, events):
    send(run, *log_lines(1, 1))
    with pytest.raises(Conflict) as caught:
        send(run, *events)
    assert caught.value.code == "gap"
    assert caught.value.extensions["expected_n"] == 2
    assert len(entries(run)) == 1


def test_an_empty_batch_is_a_report(run):
    later = timezone.now() + timedelta(seconds=30)
    with time_machine.travel(later, tick=False):
        assert send(run).accepted == 0
    assert again(run).last_report_at == later
    assert again(run).last_event_at < later
    assert again(run).state == "pending"


def test_another_reporter_that_starts_lower_is_refused(run):
    send(run, *log_lines(1, 2), source=new_id())
    with pytest.raises(Conflict) as caught:
        send(run, *log_lines(1, 3), source=new_id())
    assert caught.value.code == "other_reporter"
    assert len(entries(run)) == 2


def test_another_reporter_that_goes_on_takes_over(run):
    first, second = new_id(), new_id()
    send(run, *log_lines(1, 2), source=first)
    send(run, *log_lines(3, 1), source=second)
    assert again(run).source == second
    with pytest.raises(Conflict):
        send(run, *log_lines(3, 1), source=first)


@pytest.mark.parametrize(("first", "second"), [(None, new_id()), (new_id(), None)], ids=["none first", "none second"])
def test_no_source_is_a_source_of_its_own(run, first, second):
    send(run, *log_lines(1, 2), source=first)
    for lines in (log_lines(1, 2), log_lines(1, 3), log_lines(2, 2)):
        with pytest.raises(Conflict) as caught:
            send(run, *lines, source=second)
        assert (caught.value.code, caught.value.extensions["expected_n"]) == ("other_reporter", 3)
    assert send(run, *log_lines(2, 2), source=first).duplicates == 1
    send(run, *log_lines(4, 1), source=second)  # goes on, and takes over
    assert again(run).source == second
    with pytest.raises(Conflict):
        send(run, *log_lines(4, 1), source=first)
    assert len(entries(run)) == 4


def test_the_percentage_never_goes_down(run):
    send(run, PhaseEvent(n=1, phase=ENTITY), ProgressEvent(n=2, fraction=0.8), ProgressEvent(n=3, fraction=0.2))
    assert again(run).progress_percent == 38.0


def test_an_event_for_an_earlier_phase_changes_nothing_but_the_log(run):
    send(run, PhaseEvent(n=1, phase=RELATION), PhaseEvent(n=2, phase="loading_data", message="once more"))
    assert again(run).current_phase == RELATION
    assert again(run).progress_percent == 45.0
    assert entries(run)[1] == (2, 20, "once more", RELATION)
    assert PhaseTiming.objects.filter(run=run).count() == 1


def test_progress_before_any_phase_counts_in_the_first(run):
    send(run, ProgressEvent(n=1, fraction=0.5))
    assert again(run).progress_percent == 2.5
    assert again(run).current_phase == "initialization"


def test_each_kind_of_event_leaves_the_entries_of_the_contract(run):
    send(
        run,
        PhaseEvent(n=1, phase="loading_data"),
        ProgressEvent(n=2, fraction=0.1),
        ProgressEvent(n=3, fraction=0.2, metrics={"loaded": 12}),
        ProgressEvent(n=4, fraction=0.3, metrics={}),
        LogEvent(n=5, level="DEBUG", message=""),
        FailEvent(n=6, error="no memory left"),
    )
    assert entries(run) == [
        (1, 20, "Phase loading_data", "loading_data"),
        (2, 20, "", "loading_data"),
        (3, 10, "", None),
        (4, 40, "no memory left", "loading_data"),
    ]


def test_a_complete_event_with_a_message_leaves_an_entry(run):
    send(run, CompleteEvent(n=1, message="all saved"))
    assert entries(run) == [(1, 20, "all saved", "initialization")]


def test_metrics_take_the_latest_value_and_none_from_log_events(run):
    send(
        run,
        ProgressEvent(n=1, fraction=0.1, metrics={"f1": 0.1, "loss": 3}),
        LogEvent(n=2, level="INFO", message="m", metrics={"f1": 0.9}),
        ProgressEvent(n=3, fraction=0.2, metrics={"f1": None}),
    )
    assert again(run).metrics == {"f1": None, "loss": 3}


def test_a_failure_after_a_cancel_request_is_a_cancellation():
    run = TrainingRunFactory(cancel_requested_at=timezone.now())
    assert send(run, FailEvent(n=1, error="stopped")).cancel_requested
    assert again(run).failure_reason == "cancelled"


def test_a_completion_after_a_cancel_request_still_completes():
    run = TrainingRunFactory(cancel_requested_at=timezone.now())
    assert send(run, CompleteEvent(n=1)).status == "completed"


@pytest.mark.parametrize("end", [CompleteEvent(n=1), FailEvent(n=1, error="e")], ids=["complete", "fail"])
def test_the_reporters_own_end_is_final(run, end):
    send(run, end)
    assert send(run, end).duplicates == 1
    with pytest.raises(Conflict) as caught:
        send(run, *log_lines(2, 1))
    assert caught.value.code == "run_finished"


def test_a_reporters_word_that_a_run_is_lost_is_provisional(run):
    send(run, PhaseEvent(n=1, phase="loading_data"))
    receipt = send(run, FailEvent(n=2, error="its process is gone", reason="lost"))
    lost = again(run)
    assert (receipt.status, lost.failure_reason, lost.end_reported) == ("failed", "lost", False)
    assert lost.error_message == "its process is gone"
    assert entries(run)[-1] == (2, 40, "its process is gone", "loading_data")
    assert PhaseTiming.objects.get(run=run).ended_at == lost.ended_at
    assert send(run, FailEvent(n=2, error="its process is gone", reason="lost")).duplicates == 1
    assert again(run).failure_reason == "lost"
    assert send(run, ProgressEvent(n=3, fraction=0.5)).status == "training"
    back = again(run)
    assert (back.failure_reason, back.ended_at, back.error_message, back.resumed_at_seq) == (None, None, None, 2)
    assert send(run, CompleteEvent(n=4)).status == "completed"


def test_the_first_event_may_say_that_the_run_is_lost(run):
    assert send(run, FailEvent(n=1, error="its process is gone", reason="lost")).status == "failed"
    assert again(run).failure_reason == "lost"


def test_a_run_that_is_lost_after_a_cancel_request_is_cancelled_until_events_follow():
    run = TrainingRunFactory(cancel_requested_at=timezone.now())
    send(run, FailEvent(n=1, error="its process is gone", reason="lost"))
    assert (again(run).failure_reason, again(run).end_reported) == ("cancelled", False)
    assert send(run, *log_lines(2, 1)).status == "training"


def test_a_lost_run_that_sends_events_goes_on():
    run = TrainingRunFactory(lost=True, current_phase="loading_data", progress_percent=5.0)
    PhaseTiming.objects.create(run=run, phase="loading_data", started_at=run.started_at, ended_at=run.ended_at)
    receipt = send(run, ProgressEvent(n=1, fraction=0.5))
    assert receipt.status == "training"
    stored = again(run)
    assert (stored.state, stored.failure_reason, stored.ended_at) == ("running", None, None)
    assert PhaseTiming.objects.get(run=run).ended_at is None


def test_a_lost_run_goes_on_with_a_heartbeat():
    run = TrainingRunFactory(lost=True)
    assert record_heartbeat(run.public_id).status == "training"


def test_a_heartbeat_changes_nothing_of_a_finished_run():
    run = TrainingRunFactory(completed=True)
    receipt = record_heartbeat(run.public_id)
    assert (receipt.status, receipt.accepted) == ("completed", 0)
    assert again(run).ended_at == run.ended_at


def test_phase_times_follow_each_other(run):
    start = timezone.now() - timedelta(hours=1)
    minute = timedelta(minutes=1)
    send(
        run,
        PhaseEvent(n=1, phase="loading_data", timestamp=start),
        PhaseEvent(n=2, phase=ENTITY, timestamp=start + minute),
        PhaseEvent(n=3, phase="model_validation", timestamp=start + 2 * minute),
        FailEvent(n=4, error="e", timestamp=start + 3 * minute),
    )
    assert list(PhaseTiming.objects.filter(run=run).values_list("phase", "started_at", "ended_at")) == [
        ("loading_data", start, start + minute),
        (ENTITY, start + minute, start + 2 * minute),
        ("model_validation", start + 2 * minute, start + 3 * minute),
    ]
    assert (again(run).started_at, again(run).ended_at) == (start, start + 3 * minute)


@pytest.mark.parametrize("skew", [timedelta(hours=1), timedelta(hours=-1)], ids=["fast", "slow"])
def test_a_reporters_clock_an_hour_off_is_corrected_for_times_and_kept_in_the_log(run, skew):
    now = datetime(2026, 1, 20, 15, 5, tzinfo=UTC)
    began = now - timedelta(minutes=10)
    with time_machine.travel(now, tick=False):
        send(
            run,
            PhaseEvent(n=1, phase=ENTITY, timestamp=began + skew),
            FailEvent(n=2, error="e", timestamp=began + skew + timedelta(minutes=4)),
            sent_at=now + skew,
        )
    stored = again(run)
    assert stored.started_at == began
    assert stored.ended_at == began + timedelta(minutes=4)
    assert TrainingLogEntry.objects.get(run=run, seq=1).timestamp == began + skew


def test_without_sent_at_a_time_in_the_future_counts_as_now(run):
    now = datetime(2026, 1, 20, 15, 5, tzinfo=UTC)
    with time_machine.travel(now, tick=False):
        send(run, *log_lines(1, 1, timestamp=now + timedelta(hours=1)))
    assert again(run).started_at == now


def test_no_time_of_a_run_lies_before_its_start(run):
    start = timezone.now() - timedelta(minutes=1)
    send(run, *log_lines(1, 1, timestamp=start))
    send(run, FailEvent(n=2, error="e", timestamp=start - timedelta(hours=1)))
    assert again(run).ended_at == start


@pytest.mark.parametrize("year", [1, 9999])
def test_a_clock_at_the_end_of_the_calendar_does_no_harm(run, year):
    odd = datetime(year, 6, 1, tzinfo=UTC)
    send(run, *log_lines(1, 1, timestamp=odd), sent_at=datetime(10000 - year, 6, 1, tzinfo=UTC))
    assert TrainingLogEntry.objects.get(run=run).timestamp == odd


def test_a_time_before_the_first_year_in_utc_is_no_time_of_a_run(run):
    """Its local date is in the year 1, and a correction takes it over the edge."""
    zone = timezone.get_fixed_timezone(14 * 60)
    now = timezone.now()
    first = datetime(1, 1, 1, 14, tzinfo=zone)
    send(run, *log_lines(1, 1, timestamp=first), sent_at=now + timedelta(hours=10))
    assert now <= again(run).started_at <= timezone.now()


def test_names_of_metrics_without_end_do_not_fill_the_status(run):
    for n in range(1, 21):
        send(run, ProgressEvent(n=n, fraction=n / 20, metrics={f"{n}_{i}": "x" * 1000 for i in range(10)} | {"f1": n}))
    kept = again(run).metrics
    assert 60_000 < len(str(kept)) < 70_000
    assert kept["f1"] < 20
    send(run, ProgressEvent(n=21, fraction=1.0, metrics={"f1": 0.9}))
    send(run, CompleteEvent(n=22, metrics={"relation_f1": 0.8}))
    assert (again(run).metrics["f1"], again(run).metrics["relation_f1"]) == (0.9, 0.8)
    assert TrainingLogEntry.objects.get(run=run, seq=20).metrics["20_9"] == "x" * 1000


def test_an_entry_without_a_timestamp_has_the_receipt_time(run):
    now = datetime(2026, 1, 20, 15, 5, tzinfo=UTC)
    with time_machine.travel(now, tick=False):
        send(run, *log_lines(1, 1))
    assert TrainingLogEntry.objects.get(run=run).timestamp == now


def test_a_run_of_another_domain_is_not_found(run):
    other = DomainFactory()
    with pytest.raises(NotFound):
        record_events(run.public_id, Batch(events=[]), only_domain_id=other.id)


def test_a_line_from_inside_the_service_is_numbered_with_the_others(run):
    send(run, *log_lines(1, 1))
    seq = append_training_log_message(run, timezone.now(), "ERROR", "from inside", None, {"a": 1})
    assert seq == 2
    send(run, *log_lines(2, 1))
    assert [(seq, message) for seq, _, message, _ in entries(run)] == [(1, "1"), (2, "from inside"), (3, "2")]
    assert again(run).last_n == 2
