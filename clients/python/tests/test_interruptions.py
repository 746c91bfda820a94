"""What interrupts a tracker in the middle of its work, and copies of it that outlive or imitate it."""

import os
import signal
from pathlib import Path

import pytest
from support.contract_server import ContractServer
from support.trainings import KILLED, NOBODY_LISTENS, ended, run_training, sync

GRANDCHILD = """
tracker.log("INFO", "original")
assert tracker.flush(30)
child = os.fork()
if child == 0:
    grandchild = os.fork()
    if grandchild == 0:
        {what}
        os._exit(0)
    os.waitpid(grandchild, 0)
    os._exit(0)
os.waitpid(child, 0)
tracker.log("INFO", "original again")
tracker.complete({{}})
"""


@pytest.mark.parametrize(
    "what",
    [
        'tracker.log("INFO", "grandchild")',
        'with tracker: tracker.log("INFO", "grandchild")',
        'tracker.log("INFO", "grandchild"); sys.exit(0)',
    ],
)
def test_a_grandchild_is_a_copy_like_a_child(service: ContractServer, spool_dir: Path, what: str) -> None:
    ended(run_training(GRANDCHILD.format(what=what), service.url, spool_dir))
    assert sorted(service.run.texts()) == ["", "grandchild", "original", "original again"]
    assert service.run.events[-1]["type"] == "complete"


REPORTS_IN_A_HANDLER = """
import itertools, signal
handled = []
numbers = itertools.count(1)
def handle(number, frame):
    own = next(numbers)  # at once: the handler may interrupt itself
    tracker.log("INFO", f"handler {own}")
    handled.append(own)
signal.signal(signal.SIGALRM, handle)
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
number = 0
while len(handled) < 200 or number < 3000:
    tracker.log("INFO", f"{number} " + "x" * 100)
    number += 1
signal.setitimer(signal.ITIMER_REAL, 0)
tracker.complete({})
print(number, len(handled))
"""


def test_reports_of_a_signal_handler_fit_between_others(
    service: ContractServer, spool_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a spool goes on in its next file."""
    monkeypatch.setenv("AEGIS_SPOOL_MAX_BYTES", str(4 * 1024 * 1024))
    told, _ = ended(run_training(REPORTS_IN_A_HANDLER, service.url, spool_dir))
    reports, handled = map(int, told.split())
    texts = [text.split(" x")[0] for text in service.run.texts()[:-1]]
    of_the_handler = {text for text in texts if text.startswith("handler")}  # which may interrupt itself
    assert of_the_handler == {f"handler {n + 1}" for n in range(handled)}
    assert len(texts) == reports + handled
    assert [text for text in texts if not text.startswith("handler")] == [str(n) for n in range(reports)]
    assert service.run.events[-1]["type"] == "complete"


def test_a_signal_that_interrupts_a_report_ends_the_process_behind_it(service: ContractServer, spool_dir: Path) -> None:
    program = """
import signal
tracker.log("INFO", "one")
with tracker._reporter._lock:  # as in the middle of a report
    os.kill(os.getpid(), signal.SIGTERM)
    print("goes on to its end", flush=True)
time.sleep(60)
"""
    with run_training(program, service.url, spool_dir) as training:
        told, errors = training.communicate(timeout=60)
    assert (training.returncode, told, errors) == (-signal.SIGTERM, "goes on to its end\n", "")
    assert service.run.texts()[0] == "one"
    assert service.run.events[-1]["error"] == "SIGTERM: the training's process was told to terminate."


def test_signals_that_repeat_do_not_keep_a_process_alive(spool_dir: Path) -> None:
    program = """
import signal, threading
main, ends = os.getpid(), threading.Event()
def repeat():
    while not ends.wait(0.2):
        os.kill(main, signal.SIGTERM)
threading.Thread(target=repeat, daemon=True).start()
while True:
    time.sleep(0.01)
"""
    with run_training(program, NOBODY_LISTENS, spool_dir) as training:
        _, errors = training.communicate(timeout=60)
    assert training.returncode == -signal.SIGTERM
    assert str(spool_dir) in errors


@pytest.mark.needs_locks
def test_a_worker_that_outlives_a_killed_training_holds_up_no_restart(service: ContractServer, spool_dir: Path) -> None:
    program = f"""
tracker.log("INFO", "one")
assert tracker.flush(30)
worker = os.fork()
if worker == 0:
    for file in (0, 1, 2):
        os.close(file)
    time.sleep(60)
os.write(1, f"{{worker}} ".encode())
{KILLED}
"""
    with run_training(program, service.url, spool_dir) as training:
        told, _ = training.communicate(timeout=60)
    worker, run_id = told.split()
    try:
        service.runs[run_id].told = {"last_report_at": "2020-01-01T00:00:00Z"}
        again = "tracker.log('INFO', 'two')\ntracker.complete({})"
        ended(run_training(again, service.url, spool_dir, tracker=f"run_id={run_id!r}"))
        assert service.runs[run_id].texts() == ["one", "two", ""]
    finally:
        os.kill(int(worker), signal.SIGKILL)


@pytest.mark.needs_locks
def test_whoever_looks_after_a_dead_process_does_not_keep_its_run_alive(
    service: ContractServer, spool_dir: Path, tmp_path: Path
) -> None:
    """Its spool waits until another process of the run is silent; meanwhile nothing that is asked is a report."""
    first = f"tracker.log('INFO', 'one')\nassert tracker.flush(30)\n{KILLED}"
    with run_training(first, service.url, spool_dir) as training:
        run_id, _ = training.communicate(timeout=60)
    second = f"tracker.log('INFO', 'two')\n{KILLED}"
    elsewhere = tmp_path / "elsewhere"
    with run_training(second, NOBODY_LISTENS, elsewhere, tracker=f"run_id={run_id!r}") as training:
        training.communicate(timeout=60)
    run = service.runs[run_id]
    heard_at = run.heard_at
    status, told, _ = sync(service.url, elsewhere, "--timeout", "1")
    assert (status, "another process reported this run" in told) == (1, True), told
    assert run.heard_at == heard_at
    run.told = {"last_report_at": "2020-01-01T00:00:00Z"}
    assert sync(service.url, elsewhere)[0] == 0
    assert run.texts()[:2] == ["one", "two"]
    assert run.lost


ASYNCIO = """
import asyncio, signal
async def train():
    with tracker:
        print("begun", flush=True)
        await asyncio.sleep(60)
asyncio.run(train())
"""


@pytest.mark.parametrize("resumable", [True, False])
def test_a_cancelled_task_hands_a_resumable_run_over(service: ContractServer, spool_dir: Path, resumable: bool) -> None:
    with run_training(ASYNCIO, service.url, spool_dir, tracker=f"resumable={resumable}") as training:
        training.next_line()
        training.send_signal(signal.SIGINT)
        training.communicate(timeout=60)
    assert service.run.ended is not resumable


@pytest.mark.needs_locks
def test_an_exit_hands_a_resumable_run_over_without_a_block(service: ContractServer, spool_dir: Path) -> None:
    program = "tracker.log('INFO', 'one')\nprint(tracker.run_id, flush=True)\nsys.exit(75)"
    with run_training(program, service.url, spool_dir, tracker="resumable=True") as training:
        told, _ = training.communicate(timeout=60)
    assert training.returncode == 75
    assert service.run.texts() == ["one"]
    sync(service.url, spool_dir)
    assert not service.run.lost
    ended(run_training("tracker.complete({})", service.url, spool_dir, tracker=f"run_id={told.strip()!r}"))
    assert service.run.ended


def test_an_error_from_before_the_tracker_is_not_its_runs(service: ContractServer, spool_dir: Path) -> None:
    program = """
import code
tracker.close(0)
code.InteractiveInterpreter().runsource("1/0")
tracker = TrainingProgressTracker("medical")
tracker.log("INFO", "one")
"""
    with run_training(program, service.url, spool_dir) as training:
        training.communicate(timeout=60)
    assert training.returncode == 0
    (run,) = [run for run in service.runs.values() if run.events]
    assert run.texts() == ["one"]


def test_a_signal_that_the_program_has_survived_is_forgotten(service: ContractServer, spool_dir: Path) -> None:
    program = """
import signal
tracker.close(0)
class Stop(Exception): pass
def handle(number, frame): raise Stop
signal.signal(signal.SIGTERM, handle)
tracker = TrainingProgressTracker("medical")
try:
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(60)
except Stop:
    tracker.log("INFO", "goes on")
"""
    with run_training(program, service.url, spool_dir) as training:
        training.communicate(timeout=60)
    (run,) = [run for run in service.runs.values() if run.events]
    assert run.texts() == ["goes on"]


def test_close_tells_that_a_run_may_go_on_though_nothing_answers(spool_dir: Path) -> None:
    """Also where a connection hangs in the making, as to an address that swallows everything."""
    program = """
import socket
full = socket.socket()
full.bind(("127.0.0.1", 0))
full.listen(0)
waiting = [socket.socket() for _ in range(4)]
for one in waiting:
    one.setblocking(False)
    one.connect_ex(full.getsockname())
tracker.close(0)
tracker = TrainingProgressTracker("medical", url=f"http://127.0.0.1:{full.getsockname()[1]}")
tracker.log("INFO", "one")
tracker.close(0.5)
os._exit(0)
"""
    with run_training(program, NOBODY_LISTENS, spool_dir) as training:
        training.communicate(timeout=60)
    texts = [path.read_text() for path in spool_dir.iterdir()]
    (reported,) = [text for text in texts if '"one"' in text]
    assert '{"type":"closed"}' in reported
