"""One run's follower: what it tells, in which order, from what it finds."""

import json
from typing import Any

import pytest
from django.utils import timezone

from tests.support.factories import TrainingRunFactory, log_lines, send
from training_status.ingest.batch import CompleteEvent, FailEvent, LogEvent, PhaseEvent, ProgressEvent
from training_status.ingest.events import record_heartbeat
from training_status.ingest.runs import request_cancel
from training_status.live.run_follower import RunFollower
from training_status.live.subscriber_queue import SubscriberQueue
from training_status.models import TrainingLogEntry, TrainingRun
from training_status.read.run_updates import updates_of_runs

pytestmark = pytest.mark.django_db

ENTITY = "entity_extraction_optimization"


class Watched:
    """A run, its follower, and one viewer who is attached from the beginning."""

    def __init__(self, **run: Any) -> None:
        self.run = TrainingRunFactory(**run)
        self.follower = RunFollower(self.run.id)
        self.queue = SubscriberQueue()
        self.follower.join(self.queue)
        self.look()
        assert self.follower.attach(self.queue, self.follower.head_seq)

    def look(self) -> bool:
        """One look at the database; whether there is more to be read."""
        found = updates_of_runs({self.run.id: self.follower.begin_poll()})
        return self.follower.advance(found[self.run.id], timezone.now())

    def told(self) -> list[dict[str, Any]]:
        """Look until there is no more; all that the viewer was told of it."""
        while self.look():
            pass
        told = []
        while (update := self.queue.take()) is not None:
            for envelope in update.envelopes:
                told.append(json.loads(envelope.json) | {"id": envelope.id})
        return told

    def types(self) -> list[str]:
        return [envelope["event_type"] for envelope in self.told()]


@pytest.fixture
def watched():
    return Watched(run_number=3)


def test_it_works(watched):
    send(watched.run, PhaseEvent(n=1, phase="initialization"))
    started, line = watched.told()
    assert (started["event_type"], started["id"]) == ("started", None)
    assert started["data"]["status"]["status"] == "training"
    assert (line["event_type"], line["id"]) == ("log", "3.1")
    assert line["data"]["message"] == "Phase initialization"


def test_a_later_phase_and_progress_are_told_after_their_entries(watched):
    send(watched.run, PhaseEvent(n=1, phase="initialization"))
    watched.told()
    send(watched.run, PhaseEvent(n=2, phase=ENTITY))
    assert watched.types() == ["log", "phase_changed"]
    send(watched.run, ProgressEvent(n=3, fraction=0.5))
    (update,) = watched.told()
    assert update["event_type"] == "progress_update"
    assert (update["progress_percent"], update["phase"]) == (27.5, ENTITY)


def test_a_start_beyond_the_first_phase_tells_both(watched):
    send(watched.run, PhaseEvent(n=1, phase=ENTITY))
    assert watched.types() == ["started", "log", "phase_changed"]


def test_a_whole_run_in_one_batch_tells_its_start_and_its_end(watched):
    send(watched.run, PhaseEvent(n=1, phase=ENTITY), CompleteEvent(n=2, message="done"))
    told = watched.told()
    assert [envelope["event_type"] for envelope in told] == ["started", "log", "log", "completed"]
    assert told[-1]["id"] == "3.end"


def test_a_failure_is_told_with_its_error(watched):
    send(watched.run, LogEvent(n=1, level="INFO", message="a line"))
    watched.told()
    send(watched.run, FailEvent(n=2, error="out of memory"))
    entry, failed = watched.told()
    assert (entry["event_type"], entry["data"]["level"]) == ("log", "ERROR")
    assert (failed["event_type"], failed["message"], failed["id"]) == ("failed", "out of memory", "3.end")


def test_many_entries_are_told_slice_by_slice_and_the_status_after_the_last(watched):
    send(watched.run, *log_lines(1, 700))
    told = watched.told()
    assert [envelope["data"]["seq"] for envelope in told if envelope["event_type"] == "log"] == list(range(1, 701))
    send(watched.run, *log_lines(701, 500), CompleteEvent(n=1201))
    assert watched.look()
    update = watched.queue.take()
    assert (update.last_seq, update.ends) == (950, False)
    assert watched.types()[-1] == "completed"


def test_large_messages_make_small_slices(watched):
    for n in range(1, 11):
        send(watched.run, LogEvent(n=n, level="INFO", message="x" * 60_000))
    assert watched.look()
    assert watched.queue.take().last_seq == 5
    assert [envelope["data"]["seq"] for envelope in watched.told() if envelope["event_type"] == "log"] == [
        6,
        7,
        8,
        9,
        10,
    ]


def test_nothing_new_tells_nothing(watched):
    assert watched.types() == []


def test_a_heartbeat_changes_the_status(watched):
    record_heartbeat(watched.run.public_id)
    assert watched.types() == ["progress_update"]


def test_a_provisional_end_is_told_and_so_is_what_comes_after_it(watched):
    send(watched.run, LogEvent(n=1, level="INFO", message="before"))
    watched.told()
    TrainingRun.objects.filter(id=watched.run.id).update(last_report_at=watched.run.created_at.replace(year=2020))
    request_cancel(watched.run.public_id)
    assert watched.types() == ["failed"]
    send(watched.run, LogEvent(n=2, level="INFO", message="after"))
    entry, status = watched.told()
    assert (entry["id"], status["event_type"]) == ("3.2", "progress_update")
    assert status["data"]["status"]["status"] == "training"
    send(watched.run, CompleteEvent(n=3))
    assert watched.look() is False
    end = watched.queue.take()
    assert end.envelopes[-1].id == "3.end"
    assert end.as_server_sent_events.endswith(b"\n\nid: 3.end.2\n\n")
    assert TrainingRun.objects.get(id=watched.run.id).resumed_at_seq == 1


def test_an_end_is_told_once_whoever_is_heard_of_after_it(watched):
    send(watched.run, CompleteEvent(n=1))
    assert watched.types() == ["started", "completed"]
    send(watched.run, CompleteEvent(n=1))
    record_heartbeat(watched.run.public_id)
    assert watched.types() == []


def test_entries_taken_out_before_they_were_told_are_a_gap(watched):
    send(watched.run, *log_lines(1, 10))
    keep_from(watched.run, 6)
    told = watched.told()
    assert [envelope["event_type"] for envelope in told] == ["started", "gap", *["log"] * 5]
    assert told[1]["data"] == {"first_seq": 6}
    send(watched.run, *log_lines(11, 5))
    keep_from(watched.run, 16)
    (gap, _) = watched.told()
    assert (gap["event_type"], gap["data"]) == ("gap", {"first_seq": 16})
    send(watched.run, *log_lines(16, 1))
    assert [envelope["id"] for envelope in watched.told()][:1] == ["3.16"]


def test_a_viewer_who_is_ahead_is_poked_when_the_head_has_moved(watched):
    ahead = SubscriberQueue()
    watched.follower.join(ahead)
    send(watched.run, *log_lines(1, 3))
    assert not watched.follower.attach(ahead, 3)
    watched.look()
    assert watched.follower.attach(ahead, 3)


def keep_from(run: TrainingRun, first_seq: int) -> None:
    """What retention does."""
    removed, _ = TrainingLogEntry.objects.filter(run_id=run.id, seq__lt=first_seq).delete()
    row = TrainingRun.objects.get(id=run.id)
    TrainingRun.objects.filter(id=run.id).update(first_seq=first_seq, info_count=row.info_count - removed)
