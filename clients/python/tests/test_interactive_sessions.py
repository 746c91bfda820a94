"""Errors at Python's prompt, and in the cells of a notebook."""

import os
import sys
from pathlib import Path

from support.contract_server import ContractServer
from support.process import Lines, Process
from support.run_ends import IMPORT, reported
from support.trainings import each_interpreter, ended, run_training, settings

CONSOLE = """
import code
sys.ps1 = ">>> "
console = code.InteractiveConsole({"tracker": tracker})
for line in sys.stdin:
    console.runsource(line)
    print("done", flush=True)
"""


@each_interpreter
def test_a_statement_that_is_interrupted_gives_the_run_up_unless_it_goes_on(
    service: ContractServer, spool_dir: Path, python: str
) -> None:
    with run_training(CONSOLE, service.url, spool_dir, python=python) as session:
        session.say("tracker.log('INFO', 'one')")
        session.say("raise KeyboardInterrupt")
        service.await_(lambda: service.runs and service.run.lost)
        assert "KeyboardInterrupt" in service.run.events[-1]["error"]
        if python == sys.executable:
            with service.changed:  # a heartbeat is due every 15 s; there is no other sign of its absence
                beats = service.run.heartbeats
                assert not service.changed.wait_for(lambda: service.run.heartbeats > beats, 20)
        assert service.run.lost
        session.say("tracker.log('INFO', 'two')")
        service.await_(lambda: not service.run.lost)
        session.say("tracker.complete({})")
        ended(session, "")
    assert reported(service.run) == ["one", "two"]
    assert service.run.status == "completed"
    assert list(spool_dir.iterdir()) == []


def test_a_session_that_goes_on_at_once_gives_nothing_up(service: ContractServer, spool_dir: Path) -> None:
    with run_training(CONSOLE, service.url, spool_dir) as session:
        ended(session, "raise KeyboardInterrupt\ntracker.log('INFO', 'one')\ntracker.complete({})\n")
    assert service.run.texts() == ["one", ""]
    assert service.run.status == "completed"


@each_interpreter
def test_ctrl_c_in_an_interactive_session(
    service: ContractServer, spool_dir: Path, tmp_path: Path, python: str
) -> None:
    script = tmp_path / "session.py"
    script.write_text(f"{IMPORT}tracker = TrainingProgressTracker('medical')\n")
    ours, theirs = os.openpty()
    with open(ours, errors="replace") as terminal:
        session = Process(
            [python, "-i", str(script)],
            env=os.environ | settings(service.url, spool_dir) | {"TERM": "xterm"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            preexec_fn=lambda: os.login_tty(0),  # so that Ctrl-C is Ctrl-C
        )
        os.close(theirs)
        with session:
            said = Lines(terminal)
            os.write(
                ours, b"tracker.log('INFO', 'one'); print('run' + 'ning'); [time.sleep(0.1) for _ in range(600)]\n"
            )
            said.await_("running")
            os.write(ours, b"\x03")
            service.await_(lambda: service.runs and service.run.lost)
            assert "KeyboardInterrupt" in service.run.events[-1]["error"]
            os.write(ours, b"tracker.log('INFO', 'two')\n")
            service.await_(lambda: not service.run.lost)
            os.write(ours, b"tracker.complete({})\n")
            service.await_(service.ended)
            os.write(ours, b"exit()\n")
            session.wait(60)
        said.all()
    assert reported(service.run) == ["one", "two"]
    assert service.run.status == "completed"
