"""Signals that end the process, and signal handlers of the program."""

import signal
from pathlib import Path

import pytest
from support.contract_server import ContractServer
from support.run_ends import NO_CORE, SIGNALS, THOUSAND, WAITS, assert_accounted_for, reported, signalled
from support.trainings import NOBODY_LISTENS, each_interpreter, ended, run_training


def told_to_terminate(name: str) -> str:
    return f"{name}: the training's process was told to terminate."


@pytest.mark.parametrize("block", ["with tracker:", "if True:"])
@pytest.mark.parametrize("name", SIGNALS)
def test_a_signal_that_ends_the_process_fails_the_run(
    service: ContractServer, spool_dir: Path, name: str, block: str
) -> None:
    first = f"{NO_CORE}signal.signal(signal.{name}, signal.SIG_DFL)"
    program = f"{block}\n    tracker.log('INFO', 'one')\n    print('go', flush=True)\n    {WAITS}"
    code, errors = signalled(run_training(program, service.url, spool_dir, first=first), name)
    assert (code, errors) == (-getattr(signal, name), "")
    assert reported(service.run) == ["one"]
    assert service.run.events[-1]["error"] == told_to_terminate(name)
    assert service.run.ended
    assert list(spool_dir.iterdir()) == []


@each_interpreter
@pytest.mark.parametrize("name", ["SIGTERM", "SIGUSR1"])
def test_a_signal_ends_a_process_in_every_version(
    service: ContractServer, spool_dir: Path, python: str, name: str
) -> None:
    program = f"{THOUSAND}print('go', flush=True)\n{WAITS}"
    code, errors = signalled(run_training(program, service.url, spool_dir, python=python), name)
    assert (code, errors) == (-getattr(signal, name), "")
    assert reported(service.run) == [str(n) for n in range(1000)]
    assert service.run.events[-1]["error"] == told_to_terminate(name)


@pytest.mark.needs_locks
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_what_cannot_be_sent_before_a_signal_ends_the_process_is_said(
    service: ContractServer, spool_dir: Path, name: str
) -> None:
    program = f"tracker.log('INFO', 'one')\nprint('go', flush=True)\n{WAITS}"
    first = f"{NO_CORE}signal.signal(signal.{name}, signal.SIG_DFL)"
    code, errors = signalled(run_training(program, NOBODY_LISTENS, spool_dir, first=first), name)
    assert code == -getattr(signal, name)
    (path,) = spool_dir.iterdir()
    assert str(path) in errors
    assert_accounted_for(service, spool_dir, path.stem, ["one"], errors)
    assert service.run.events[-1]["error"] == told_to_terminate(name)


@pytest.mark.parametrize("name", SIGNALS)
def test_an_ignored_signal_stays_ignored(service: ContractServer, spool_dir: Path, name: str) -> None:
    first = f"import signal\nsignal.signal(signal.{name}, signal.SIG_IGN)"
    program = f"os.kill(os.getpid(), signal.{name})\nwith tracker:\n    tracker.log('INFO', 'goes on')"
    assert ended(run_training(program, service.url, spool_dir, first=first)) == ("", "")
    assert service.run.texts() == ["goes on", ""]
    assert service.run.status == "completed"


@pytest.mark.parametrize(("action", "code"), [("sys.exit(3)", 3), ("pass", 0)])
@pytest.mark.parametrize("name", SIGNALS)
def test_a_handler_of_the_program_decides(
    service: ContractServer, spool_dir: Path, name: str, action: str, code: int
) -> None:
    first = f"""
import signal
def handle(number, frame):
    {action}
signal.signal(signal.{name}, handle)
"""
    program = f"with tracker:\n    os.kill(os.getpid(), signal.{name})\n    tracker.log('INFO', 'goes on')"
    with run_training(program, service.url, spool_dir, first=first) as training:
        _, errors = training.communicate(timeout=60)
    assert (training.returncode, errors) == (code, "")
    assert reported(service.run) == ([] if code else ["goes on"])
    if code == 0:
        assert service.run.status == "completed"
    elif name in ("SIGUSR1", "SIGUSR2", "SIGALRM"):  # which may mean anything to the program
        assert service.run.events[-1]["error"] in (told_to_terminate(name), "SystemExit: 3")
    else:
        assert service.run.events[-1]["error"] == told_to_terminate(name)


@pytest.mark.parametrize("name", SIGNALS)
def test_a_handler_that_is_set_later_stands(service: ContractServer, spool_dir: Path, name: str) -> None:
    program = f"""
import signal
called = []
signal.signal(signal.{name}, lambda *_: called.append(1))
with tracker:
    os.kill(os.getpid(), signal.{name})
    assert called
"""
    assert ended(run_training(program, service.url, spool_dir)) == ("", "")
    assert [event["type"] for event in service.run.events] == ["complete"]


@each_interpreter
def test_a_handler_of_c_code_is_left_alone(service: ContractServer, spool_dir: Path, python: str) -> None:
    first = "import faulthandler, signal\nfaulthandler.register(signal.SIGUSR1)"
    program = "with tracker:\n    os.kill(os.getpid(), signal.SIGUSR1)\n    tracker.log('INFO', 'goes on')"
    _, errors = ended(run_training(program, service.url, spool_dir, first=first, python=python))
    assert "most recent call first" in errors
    assert service.run.texts() == ["goes on", ""]
    assert service.run.status == "completed"
