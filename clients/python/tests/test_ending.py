"""How runs end that nobody ended: cancelled, Ctrl-C, SIGTERM, and left to the next tracker."""

import signal
import threading
from pathlib import Path

import pytest
from aegis_tracker import TrainingCancelled
from support.contract_server import ContractServer, well
from support.trackers import MakeTracker, said_once
from support.trainings import NOBODY_LISTENS, left_behind, run_training

FAILED_BY_SIGTERM = "SIGTERM: the training's process was told to terminate."

# Not one long sleep: a signal that comes between two instructions and just before it would wait for its end.
WAITS = "os.write(1, b'go\\n'); [time.sleep(0.1) for _ in range(600)]"


def test_a_cancel_calls_back_once(service: ContractServer, make_tracker: MakeTracker) -> None:
    calls: list[str] = []
    called = threading.Event()

    def on_cancel() -> None:
        calls.append(threading.current_thread().name)
        called.set()

    tracker = make_tracker(on_cancel=on_cancel)
    service.cancel_requested = True
    tracker.log("INFO", "one")
    assert called.wait(30)
    tracker.log("INFO", "two")
    assert tracker.flush(30)
    assert calls == ["aegis-tracker"]
    assert tracker.cancel_requested


def test_a_failing_callback_is_said_once(service: ContractServer, make_tracker: MakeTracker) -> None:
    service.cancel_requested = True
    with said_once("on_cancel failed: ZeroDivisionError"):
        tracker = make_tracker(on_cancel=lambda: 1 / 0)
        tracker.log("INFO", "one")
        assert tracker.flush(30)


def test_a_cancel_raises_where_asked_for(service: ContractServer, make_tracker: MakeTracker) -> None:
    service.cancel_requested = True

    def train() -> None:
        with make_tracker(raise_on_cancel=True) as tracker:
            assert tracker.flush(30)
            try:
                tracker.log("INFO", "recorded")
            finally:
                tracker.log("INFO", "cleaned up")

    with pytest.raises(TrainingCancelled):
        train()
    service.await_(service.ended)
    assert service.run.texts()[:2] == ["recorded", "cleaned up"]
    assert service.run.events[-1]["error"] == "TrainingCancelled: Somebody asked the training to stop."


def test_a_cancel_is_seen_by_forked_processes(service: ContractServer, spool_dir: Path) -> None:
    program = """
pid = os.fork()
if pid == 0:
    while not tracker.cancel_requested:
        time.sleep(0.01)
    os._exit(7)
tracker.log("INFO", "from the parent")
code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
tracker.complete({})
sys.exit(code)
"""
    service.misbehave += [well, lambda handler: setattr(service, "cancel_requested", True)]
    with run_training(program, service.url, spool_dir) as training:
        training.communicate(timeout=60)
    assert training.returncode == 7


@pytest.mark.parametrize("block", [True, False])
def test_ctrl_c_fails_the_run(service: ContractServer, spool_dir: Path, block: bool) -> None:
    program = WAITS
    program = f"with tracker:\n    {program}" if block else program
    with run_training(program, service.url, spool_dir) as training:
        assert training.next_line() == "go"
        training.send_signal(signal.SIGINT)
        training.communicate(timeout=60)
    assert training.returncode == -signal.SIGINT
    assert service.run.events[-1]["error"] == "KeyboardInterrupt"


def test_an_error_without_a_block_fails_the_run(service: ContractServer, spool_dir: Path) -> None:
    with run_training("raise ValueError('no samples')", service.url, spool_dir) as training:
        _, errors = training.communicate(timeout=60)
    assert training.returncode == 1
    assert "ValueError: no samples" in errors
    assert service.run.events[-1]["error"] == "ValueError: no samples"


@pytest.mark.parametrize("block", [True, False])
def test_sigterm_fails_the_run_and_ends_the_process_as_before(
    service: ContractServer, spool_dir: Path, block: bool
) -> None:
    program = WAITS
    program = f"with tracker:\n    {program}" if block else program
    with run_training(program, service.url, spool_dir) as training:
        assert training.next_line() == "go"
        training.send_signal(signal.SIGTERM)
        training.communicate(timeout=60)
    assert training.returncode == -signal.SIGTERM
    assert service.run.events[-1]["error"] == FAILED_BY_SIGTERM
    assert list(spool_dir.iterdir()) == []


HANDLES = """
import signal
tracker.close(0)
def handle(number, frame):
    stopped.append(number)
    {action}
stopped = []
signal.signal(signal.SIGTERM, handle)
tracker = TrainingProgressTracker("medical")
with tracker:
    os.kill(os.getpid(), signal.SIGTERM)
    assert stopped
    tracker.log("INFO", "goes on")
"""


@pytest.mark.parametrize(
    ("action", "code", "end"), [("sys.exit(3)", 3, FAILED_BY_SIGTERM), ("tracker.log('INFO', 'stopping')", 0, None)]
)
def test_a_handler_of_the_program_decides(
    service: ContractServer, spool_dir: Path, action: str, code: int, end: str | None
) -> None:
    with run_training(HANDLES.format(action=action), service.url, spool_dir) as training:
        _, errors = training.communicate(timeout=60)
    assert training.returncode == code, errors
    run = [run for run in service.runs.values() if run.events][-1]
    assert run.events[-1].get("error") == end
    assert run.texts()[:-1] == ([] if end else ["stopping", "goes on"])


def test_an_ignored_sigterm_stays_ignored(service: ContractServer, spool_dir: Path) -> None:
    program = """
import signal
tracker.close(0)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
tracker = TrainingProgressTracker("medical")
os.kill(os.getpid(), signal.SIGTERM)
tracker.complete({})
"""
    with run_training(program, service.url, spool_dir) as training:
        training.communicate(timeout=60)
    assert training.returncode == 0


def test_a_worker_that_is_terminated_ends_nothing(service: ContractServer, spool_dir: Path) -> None:
    program = """
import signal
pid = os.fork()
if pid == 0:
    time.sleep(60)
os.kill(pid, signal.SIGTERM)
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGTERM
tracker.complete({})
"""
    with run_training(program, service.url, spool_dir) as training:
        _, errors = training.communicate(timeout=60)
    assert training.returncode == 0, errors
    assert [event["type"] for event in service.run.events] == ["complete"]


@pytest.mark.needs_locks
def test_the_next_tracker_sends_what_is_left(
    service: ContractServer, make_tracker: MakeTracker, spool_dir: Path
) -> None:
    left = left_behind(spool_dir)
    tracker = make_tracker()
    service.await_(lambda: left in service.runs and len(service.runs[left].events) == 3000)
    assert service.runs[left].texts() == [str(n) for n in range(3000)]
    tracker.complete({})
    assert tracker.flush(30)


@pytest.mark.needs_locks
def test_a_short_training_waits_for_what_it_sends_for_others(service: ContractServer, spool_dir: Path) -> None:
    left = left_behind(spool_dir)
    with run_training("tracker.complete({})", service.url, spool_dir) as training:
        _, errors = training.communicate(timeout=60)
    assert (training.returncode, errors) == (0, "")
    assert service.runs[left].texts() == [str(n) for n in range(3000)]


def test_what_another_service_has_begun_is_left_to_it(
    service: ContractServer, make_tracker: MakeTracker, spool_dir: Path
) -> None:
    left = left_behind(spool_dir, "tracker.log('INFO', 'one'); tracker.flush()", service.url)
    path = spool_dir / f"{left}.jsonl"
    path.write_text(path.read_text().replace(service.url, "http://elsewhere:1"))
    tracker = make_tracker()
    tracker.complete({})
    assert tracker.flush(30)
    tracker.close()
    assert not service.runs[left].ended
    assert path.exists()


@pytest.mark.needs_locks
def test_the_next_tracker_is_not_disturbed_by_what_is_refused(
    service: ContractServer, make_tracker: MakeTracker, spool_dir: Path
) -> None:
    left_behind(spool_dir, "tracker.close(0)\nTrainingProgressTracker('unknown').log('INFO', 'x')")
    with run_training("tracker.complete({})", service.url, spool_dir) as training:
        _, errors = training.communicate(timeout=60)
    assert training.returncode == 0
    assert "No domain 'unknown'" in errors


def test_the_next_tracker_goes_on_while_nobody_listens(make_tracker: MakeTracker, spool_dir: Path) -> None:
    left = left_behind(spool_dir)
    tracker = make_tracker(url=NOBODY_LISTENS)
    tracker.log("INFO", "one")
    tracker.close(timeout=0)
    assert {path.name for path in spool_dir.iterdir()} == {f"{left}.jsonl", f"{tracker.run_id}.jsonl"}
