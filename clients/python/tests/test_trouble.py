"""The service is down, slow, forgetful or refuses: nothing is lost, nothing doubled, the training goes on."""

import logging
import time
import warnings
from pathlib import Path

import pytest
from aegis_tracker import AegisTrackerWarning
from support.contract_server import ContractServer, like_a_proxy, lose_the_answer, say, well
from support.spools import messages
from support.trackers import MakeTracker, said_once
from support.trainings import TOKEN


def report_all(tracker: object, count: int = 50) -> list[str]:
    texts = [f"entry {number}" for number in range(count)]
    for text in texts:
        tracker.log("INFO", text)
    return texts


def test_a_service_that_comes_up_later_gets_everything(make_tracker: MakeTracker) -> None:
    with ContractServer(TOKEN) as reserved:
        port = reserved.port
    tracker = make_tracker(url=f"http://127.0.0.1:{port}")
    texts = report_all(tracker)
    assert tracker.flush(0.7) is False
    with ContractServer(TOKEN, port) as service:
        tracker.complete({})
        assert tracker.flush(30)
        assert service.run.texts()[:-1] == texts


def test_a_lost_answer_doubles_nothing(service: ContractServer, make_tracker: MakeTracker) -> None:
    service.misbehave += [
        lose_the_answer,
        lose_the_answer,
        well,
        *[lose_the_answer] * 4,
        well,
        lose_the_answer,
    ]
    tracker = make_tracker()
    texts = report_all(tracker)
    assert tracker.flush(30)
    tracker.complete({})
    assert tracker.flush(30)
    assert service.run.texts()[:-1] == texts
    assert service.run.duplicates > 0
    assert not service.misbehave


def test_an_overloaded_service_is_left_alone_as_long_as_it_asks(
    service: ContractServer, make_tracker: MakeTracker
) -> None:
    service.misbehave.append(say(503, "Busy.", {"Retry-After": "1"}))
    began = time.monotonic()
    tracker = make_tracker()
    tracker.complete({})
    assert tracker.flush(30)
    assert time.monotonic() - began >= 1.0
    assert len(service.requests) == 3


@pytest.mark.parametrize("reply", [say(500, "Oops."), say(429), say(200), say(408)])
def test_a_passing_trouble_passes(service: ContractServer, make_tracker: MakeTracker, reply: object) -> None:
    service.misbehave += [reply, well, reply]
    tracker = make_tracker()
    texts = report_all(tracker)
    tracker.complete({})
    assert tracker.flush(30)
    assert service.run.texts()[:-1] == texts


def test_a_service_restored_from_a_backup_gets_what_it_lacks(
    service: ContractServer, make_tracker: MakeTracker
) -> None:
    tracker = make_tracker()
    texts = report_all(tracker)
    assert tracker.flush(30)
    del service.run.events[20:]
    tracker.log("INFO", "after the backup")
    tracker.complete({})
    assert tracker.flush(30)
    assert service.run.texts()[:-1] == [*texts, "after the backup"]


def test_a_service_restored_from_before_the_run_gets_all_of_it(
    service: ContractServer, make_tracker: MakeTracker
) -> None:
    tracker = make_tracker()
    texts = report_all(tracker)
    assert tracker.flush(30)
    service.runs.clear()
    tracker.log("INFO", "after the backup")
    tracker.complete({})
    assert tracker.flush(30)
    assert service.run.texts()[:-1] == [*texts, "after the backup"]


def test_a_proxy_that_takes_less_gets_less(service: ContractServer, make_tracker: MakeTracker) -> None:
    refuse = like_a_proxy(413)["html"]
    service.misbehave += [well, *[lambda handler: len(handler.body["events"]) > 40 and refuse(handler)] * 20]
    tracker = make_tracker()
    texts = report_all(tracker, 300)
    texts = [tracker.log("INFO", "x" * 1000) or "x" * 1000 for _ in range(300)]
    tracker.complete({})
    assert tracker.flush(30)
    assert service.run.texts()[300:-1] == texts


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (say(401, "Invalid token."), "AEGIS_TOKEN"),
        (say(403, "Not allowed."), "reporter"),
        (say(404, "No domain 'medical'."), "Create the domain"),
        (say(409, "Taken.", code="run_id_taken"), "Taken."),
        (say(422, "Too long."), "Too long."),
        (say(405, "Not this way."), "Not this way."),
    ],
)
def test_a_refusal_is_said_once_and_the_training_goes_on(
    service: ContractServer,
    make_tracker: MakeTracker,
    spool_dir: Path,
    caplog: pytest.LogCaptureFixture,
    reply: object,
    said: str,
) -> None:
    service.misbehave.append(reply)
    with said_once(said) as warned:
        tracker = make_tracker()
        assert tracker.flush(30) is False
        texts = report_all(tracker)
        tracker.complete({})
        assert tracker.flush(30) is False
        tracker.close()
    assert [record.levelno for record in caplog.records if said in record.message] == [logging.WARNING]
    assert str(spool_dir) in str(warned[0].message)
    assert len(service.requests) == 1
    (path,) = spool_dir.iterdir()
    assert messages(path) == texts


def test_another_reporter_of_the_run_is_told(
    service: ContractServer, make_tracker: MakeTracker, tmp_path: Path
) -> None:
    first = make_tracker()
    first.log("INFO", "first")
    assert first.flush(30)
    with said_once("another process reported this run"):
        second = make_tracker(run_id=first.run_id, spool_dir=tmp_path / "elsewhere")
        second.log("INFO", "second")
        assert second.flush(3) is False
    assert service.run.texts() == ["first"]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"token": None}, "AEGIS_TOKEN"),
        ({"token": "tok\nen"}, "token"),
        ({"url": "127.0.0.1:8000"}, "must look like"),
        ({"url": "ftp://example.org"}, "must look like"),
        ({"url": "http://[::1"}, "is not valid"),
        ({"url": "http://host:port"}, "is not valid"),
        ({"url": 5}, "must look like"),
    ],
)
def test_settings_that_cannot_be_used_are_said_once(
    make_tracker: MakeTracker, spool_dir: Path, settings: dict[str, object], said: str
) -> None:
    with said_once(said):
        tracker = make_tracker(**settings)
        tracker.log("INFO", "kept")
        assert tracker.flush(30) is False
    (path,) = spool_dir.iterdir()
    assert "kept" in path.read_text()


def test_a_report_after_the_end_is_said_once(service: ContractServer, make_tracker: MakeTracker) -> None:
    tracker = make_tracker()
    tracker.complete({})
    with said_once(r"log\(\) was ignored because it came after complete\(\)"):
        tracker.log("INFO", "late")
        tracker.fail("late")
    assert tracker.flush(30)
    assert [event["type"] for event in service.run.events] == ["complete"]


def test_warnings_that_are_errors_do_not_reach_the_training(make_tracker: MakeTracker) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tracker = make_tracker(token=None)
        tracker.update_progress(float("nan"))
        tracker.enter_phase("no such phase")


def test_a_failing_log_handler_does_not_reach_the_training(make_tracker: MakeTracker) -> None:
    class Failing(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise OSError("disk full")

    handler = Failing()
    logging.getLogger("aegis_tracker").addHandler(handler)
    try:
        with pytest.warns(AegisTrackerWarning):
            make_tracker().log("no such level", "text")
    finally:
        logging.getLogger("aegis_tracker").removeHandler(handler)
