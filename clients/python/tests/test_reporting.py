"""What a training reports arrives: all of it, once, in order."""

import threading
import warnings
from pathlib import Path

import pytest
from aegis_tracker import phases
from support.contract_server import LONG_AGO, ContractServer
from support.trackers import MakeTracker


@pytest.fixture(autouse=True)
def _no_warning() -> object:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def test_it_works(service: ContractServer, make_tracker: MakeTracker, spool_dir: Path) -> None:
    tracker = make_tracker(llm_model="qwen3:32b", optimizer="MIPROv2", sample_count=120, config={"trials": 10})
    tracker.enter_phase(phases.LOADING_DATA, "120 samples")
    tracker.update_progress(0.3, "trial 3 of 10", {"entity_f1": 0.71})
    tracker.update_progress(0.4)
    tracker.log("warning", "slow", step="tuning", metrics={"seconds": 3})
    tracker.complete({"entity_f1": 0.87}, result={"prompts": {"a": ["b"]}})
    assert tracker.flush(30)

    run = service.run
    assert run.start == {
        "id": tracker.run_id,
        "llm_model": "qwen3:32b",
        "optimizer": "MIPROv2",
        "sample_count": 120,
        "config": {"trials": 10},
    }
    assert all(event.pop("timestamp").endswith("Z") for event in run.events)
    assert run.events == [
        {"n": 1, "type": "phase", "phase": "loading_data", "message": "120 samples"},
        {
            "n": 2,
            "type": "progress",
            "fraction": 0.3,
            "message": "trial 3 of 10",
            "metrics": {"entity_f1": 0.71},
        },
        {"n": 3, "type": "progress", "fraction": 0.4},
        {
            "n": 4,
            "type": "log",
            "level": "WARNING",
            "message": "slow",
            "step": "tuning",
            "metrics": {"seconds": 3},
        },
        {"n": 5, "type": "complete", "metrics": {"entity_f1": 0.87}, "result": {"prompts": {"a": ["b"]}}},
    ]
    assert list(spool_dir.iterdir()) == []
    tracker.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "aegis-tracker"]


def test_many_events_of_many_threads_arrive_in_the_order_of_each(
    service: ContractServer, make_tracker: MakeTracker
) -> None:
    tracker = make_tracker()

    def report(name: int) -> None:
        for number in range(2000):
            tracker.log("INFO", f"{name} {number}")

    threads = [threading.Thread(target=report, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tracker.complete({})
    assert tracker.flush(30)

    texts = service.run.texts()[:-1]
    assert len(texts) == 8000
    for name in range(4):
        assert [text for text in texts if text.startswith(f"{name} ")] == [f"{name} {n}" for n in range(2000)]
    assert service.run.duplicates == 0
    assert max(service.run.batches) <= 1000


def test_leaving_the_block_completes_the_run(service: ContractServer, make_tracker: MakeTracker) -> None:
    with make_tracker() as tracker:
        tracker.update_progress(1.0)
    assert tracker.flush(30)
    assert service.run.events[-1]["type"] == "complete"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ValueError("no samples"), "ValueError: no samples"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
        (SystemExit(3), "SystemExit: 3"),
        (SystemExit(0), "SystemExit: 0"),
        (SystemExit(), "SystemExit"),
    ],
)
def test_an_exception_fails_the_run_and_goes_on(
    service: ContractServer, make_tracker: MakeTracker, error: BaseException, told: str
) -> None:
    with pytest.raises(type(error)), make_tracker() as tracker:
        raise error
    assert tracker.flush(30)
    assert service.run.events[-1]["error"] == told


def test_a_block_leaves_an_end_of_its_own_alone(service: ContractServer, make_tracker: MakeTracker) -> None:
    with make_tracker() as tracker:
        tracker.fail("gave up")
    assert tracker.flush(30)
    assert [event["error"] for event in service.run.events] == ["gave up"]


def test_a_wish_to_cancel_is_learnt_from_the_answer(service: ContractServer, make_tracker: MakeTracker) -> None:
    tracker = make_tracker()
    tracker.log("INFO", "one")
    assert tracker.flush(30)
    assert tracker.cancel_requested is False
    service.cancel_requested = True
    tracker.log("INFO", "two")
    assert tracker.flush(30)
    assert tracker.cancel_requested is True


def test_a_silent_training_sends_heartbeats(
    service: ContractServer, make_tracker: MakeTracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aegis_tracker.sender.HEARTBEAT_EVERY_S", 0.3)
    make_tracker()
    service.await_(lambda: service.runs and service.run.heartbeats >= 3)


def test_the_service_may_live_below_a_path(service: ContractServer, make_tracker: MakeTracker) -> None:
    tracker = make_tracker(url=f"{service.url}/aegis/")
    service.await_(lambda: service.requests)
    assert service.requests[0] == "/aegis/api/v1/admin/domains/medical/training-runs"
    assert tracker.run_id


def test_the_direction_of_metrics_is_declared_once_and_beside_them(
    service: ContractServer, make_tracker: MakeTracker
) -> None:
    tracker = make_tracker(higher_is_better={"grip": True, "perplexity": False})
    tracker.update_progress(0.5, metrics={"grip": 1})
    tracker.update_progress(0.6, metrics={"noise": 1}, higher_is_better={"noise": False})
    tracker.log("INFO", "seen", metrics={"reach": 1}, higher_is_better={"reach": True})
    tracker.complete({"size": 1}, higher_is_better={"size": False})
    assert tracker.flush(30)
    assert service.run.start["higher_is_better"] == {"grip": True, "perplexity": False}
    assert [event.get("higher_is_better") for event in service.run.events] == [
        None,
        {"noise": False},
        {"reach": True},
        {"size": False},
    ]


def test_a_tracker_that_continues_a_run_declares_with_its_first_metrics(
    service: ContractServer, make_tracker: MakeTracker
) -> None:
    """The start of a run that is there already declares nothing."""
    first = make_tracker()
    first.log("INFO", "begun")
    first.close(30)
    service.run.told = LONG_AGO  # where files cannot be locked, nothing else says that the first one has ended
    second = make_tracker(run_id=first.run_id, higher_is_better={"grip": True})
    second.enter_phase(phases.LOADING_DATA)
    second.update_progress(0.5, metrics={"grip": 1}, higher_is_better={"noise": False})
    second.update_progress(0.6, metrics={"grip": 2})
    assert second.flush(30)
    declared = [event.get("higher_is_better") for event in service.run.events]
    assert declared == [None, None, {"grip": True, "noise": False}, None]
