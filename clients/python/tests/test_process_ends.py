"""However a process ends, everything has been sent, or a sentence says in which spool it is kept.

And the spool is sent by the next tracker, or by `aegis-tracker sync`. A run completes by `complete`, or by a block
that runs to its end, and by nothing else.
"""

import json
import os
import signal
import sys
import uuid
from pathlib import Path

import pytest
from support.contract_server import ContractServer, Run
from support.process import Lines, Process
from support.trainings import (
    NOBODY_LISTENS,
    each_interpreter,
    ended,
    run_training,
    settings,
    start_python,
    sync,
)

SIGNALS = ("SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGXCPU", "SIGQUIT", "SIGALRM")
LONG_AGO = {"last_report_at": "2020-01-01T00:00:00Z"}
# Not one long sleep: a signal that comes between two instructions and just before it would wait for its end.
WAITS = "for _ in range(600): time.sleep(0.1)"
IMPORT = "import os, sys, time\nfrom aegis_tracker import TrainingProgressTracker\n"


def told_to_terminate(name: str) -> str:
    return f"{name}: the training's process was told to terminate."


def reported(run: Run | None) -> list[str]:
    """What its training has reported, without its end."""
    return [event.get("message", "") for event in run.events if event["type"] == "log"] if run else []


def is_over(run: Run) -> bool:
    return run.ended or run.lost


def assert_accounted_for(service: ContractServer, spool_dir: Path, run_id: str, texts: list[str], errors: str) -> None:
    """All of `texts` has arrived, or `errors` names the spool; then the next `sync` sends it, and the run is over."""
    if reported(service.runs.get(run_id)) != texts:
        assert str(spool_dir / f"{run_id}.jsonl") in errors
    assert "Traceback" not in errors
    status, told, _ = sync(service.url, spool_dir)
    assert status == 0, told
    assert reported(service.runs[run_id]) == texts
    assert is_over(service.runs[run_id])
    assert list(spool_dir.iterdir()) == []


# Trackers that are made in processes of multiprocessing

CHILDREN = """
import concurrent.futures, multiprocessing, sys
from aegis_tracker import TrainingProgressTracker

kept = []  # what nobody holds any more ends otherwise

def train(run_id, block, completes):
    tracker = TrainingProgressTracker("medical", run_id=run_id)
    kept.append(tracker)
    if block == "block":
        with tracker:
            report(tracker, completes)
    else:
        report(tracker, completes)

def report(tracker, completes):
    for n in range(100):
        tracker.log("INFO", str(n))
    if completes == "complete":
        tracker.complete({"f1": 1})

def main(kind, method, *arguments):
    context = multiprocessing.get_context(method)
    if kind == "Process":
        child = context.Process(target=train, args=arguments)
        child.start()
        child.join()
        assert child.exitcode == 0
    elif kind == "Pool":
        pool = context.Pool(1)
        pool.apply(train, arguments)
        pool.close()
        pool.join()
    elif kind == "terminated Pool":
        with context.Pool(1) as pool:
            pool.apply(train, arguments)
    else:
        with concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as executor:
            executor.submit(train, *arguments).result()

if __name__ == "__main__":
    if sys.argv[1] == "reporting":
        with TrainingProgressTracker("medical") as tracker:
            main(*sys.argv[2:])
    else:
        main(*sys.argv[2:])
"""
HUNDRED = [str(n) for n in range(100)]


@pytest.fixture
def children(tmp_path: Path) -> str:
    path = tmp_path / "children.py"
    path.write_text(CHILDREN)
    return str(path)


@each_interpreter
@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
@pytest.mark.parametrize("kind", ["Process", "Pool", "ProcessPoolExecutor"])
def test_a_tracker_of_a_child_process_sends_everything(
    service: ContractServer, spool_dir: Path, children: str, python: str, kind: str, method: str
) -> None:
    ways = {str(uuid.uuid4()): (block, end) for block in ("block", "") for end in ("complete", "")}
    started = {
        run_id: start_python(
            service.url, spool_dir / run_id, children, "silent", kind, method, run_id, *way, python=python
        )
        for run_id, way in ways.items()
    }
    errors = {ways[run_id]: ended(process)[1] for run_id, process in started.items()}
    assert errors == dict.fromkeys(ways.values(), "")
    arrived = {way: reported(service.runs.get(run_id)) for run_id, way in ways.items()}
    assert arrived == dict.fromkeys(ways.values(), HUNDRED)
    completed = {way: service.runs[run_id].status == "completed" for run_id, way in ways.items()}
    assert completed == {way: any(way) for way in ways.values()}
    left = {path.stem for path in spool_dir.glob("*/*")}
    assert left <= {run_id for run_id, way in ways.items() if not any(way)}


@each_interpreter
@pytest.mark.needs_locks
def test_what_a_child_process_cannot_send_it_says_and_keeps(
    service: ContractServer, spool_dir: Path, children: str, python: str
) -> None:
    ways = {
        str(uuid.uuid4()): (kind, method)
        for kind in ("Process", "Pool", "ProcessPoolExecutor")
        for method in ("fork", "forkserver", "spawn")
    }
    started = {
        run_id: start_python(
            NOBODY_LISTENS, spool_dir, children, "silent", *way, run_id, "block", "complete", python=python
        )
        for run_id, way in ways.items()
    }
    errors = {run_id: ended(process)[1] for run_id, process in started.items()}
    said = {way: str(spool_dir / f"{run_id}.jsonl") in errors[run_id] for run_id, way in ways.items()}
    assert said == dict.fromkeys(ways.values(), True)
    assert sync(service.url, spool_dir)[0] == 0
    assert {way: reported(service.runs[run_id]) for run_id, way in ways.items()} == dict.fromkeys(
        ways.values(), HUNDRED
    )
    assert {run.status for run in service.runs.values()} == {"completed"}
    assert list(spool_dir.iterdir()) == []


@each_interpreter
@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_a_pool_that_terminates_its_processes_loses_nothing(
    service: ContractServer, spool_dir: Path, children: str, python: str, method: str
) -> None:
    run_id = str(uuid.uuid4())
    arguments = (children, "silent", "terminated Pool", method, run_id, "block", "complete")
    _, errors = ended(start_python(service.url, spool_dir, *arguments, python=python))
    assert errors == ""
    assert reported(service.run) == HUNDRED
    assert service.run.status == "completed"
    assert list(spool_dir.iterdir()) == []


@each_interpreter
@pytest.mark.parametrize("kind", ["Process", "Pool", "ProcessPoolExecutor"])
def test_a_child_and_its_parent_report_a_run_each(
    service: ContractServer, spool_dir: Path, children: str, python: str, kind: str
) -> None:
    run_id = str(uuid.uuid4())
    arguments = (children, "reporting", kind, "fork", run_id, "block", "complete")
    _, errors = ended(start_python(service.url, spool_dir, *arguments, python=python))
    assert errors == ""
    assert reported(service.runs[run_id]) == HUNDRED
    assert [run.status for run in service.runs.values()] == ["completed", "completed"]
    assert list(spool_dir.iterdir()) == []


# Ends that run no code of ours, and late reports

THOUSAND = "for n in range(1000): tracker.log('INFO', str(n))\n"
ABRUPT = {
    "os._exit": "os._exit(0)",
    "os.execv": "os.execv(sys.executable, [sys.executable, '-c', 'pass'])",
    "os.execve": "os.execve(sys.executable, [sys.executable, '-c', 'pass'], os.environ)",
    "os.execvp": "os.execvp(sys.executable, [sys.executable, '-c', 'pass'])",
    "os.execl": "os.execl(sys.executable, sys.executable, '-c', 'pass')",
    "os.execlp": "os.execlp(sys.executable, sys.executable, '-c', 'pass')",
}


@each_interpreter
@pytest.mark.needs_locks
@pytest.mark.parametrize("end", ABRUPT)
def test_an_abrupt_end_is_accounted_for(service: ContractServer, spool_dir: Path, python: str, end: str) -> None:
    program = f"{THOUSAND}print(tracker.run_id, flush=True)\n{ABRUPT[end]}"
    told, errors = ended(run_training(program, service.url, spool_dir, python=python))
    assert_accounted_for(service, spool_dir, told.strip(), [str(n) for n in range(1000)], errors)


@each_interpreter
@pytest.mark.needs_locks
@pytest.mark.parametrize("end", ["os._exit", "os.execv"])
def test_an_abrupt_end_while_the_service_is_down_is_said(
    service: ContractServer, spool_dir: Path, python: str, end: str
) -> None:
    program = f"{THOUSAND}print(tracker.run_id, flush=True)\n{ABRUPT[end]}"
    told, errors = ended(run_training(program, NOBODY_LISTENS, spool_dir, python=python))
    assert str(spool_dir / f"{told.strip()}.jsonl") in errors
    assert_accounted_for(service, spool_dir, told.strip(), [str(n) for n in range(1000)], errors)


@pytest.mark.parametrize("end", ABRUPT)
def test_a_completed_run_stays_completed_after_an_abrupt_end(
    service: ContractServer, spool_dir: Path, end: str
) -> None:
    program = f"tracker.log('INFO', 'one')\ntracker.complete({{}})\nassert tracker.flush(30)\n{ABRUPT[end]}"
    assert ended(run_training(program, service.url, spool_dir))[1] == ""
    assert service.run.texts() == ["one", ""]
    assert list(spool_dir.iterdir()) == []


@each_interpreter
@pytest.mark.parametrize(
    "call", ["os.execv('/nowhere', ['x'])", "os.execve('/nowhere', ['x'], {})", "os.execl('/nowhere', 'x')"]
)
def test_a_training_goes_on_when_an_exec_fails(
    service: ContractServer, spool_dir: Path, python: str, call: str
) -> None:
    program = f"""
tracker.log("INFO", "before")
for _ in range(2):
    try:
        {call}
    except FileNotFoundError:
        tracker.log("INFO", "after")
assert tracker.flush(30)
tracker.complete({{}})
"""
    assert ended(run_training(program, service.url, spool_dir, python=python)) == ("", "")
    assert service.run.texts() == ["before", "after", "after", ""]
    assert service.run.status == "completed"
    assert list(spool_dir.iterdir()) == []


@each_interpreter
@pytest.mark.parametrize("end", ABRUPT)
def test_an_abrupt_end_of_a_forked_process_ends_nothing(
    service: ContractServer, spool_dir: Path, python: str, end: str
) -> None:
    program = f"""
pid = os.fork()
if pid == 0:
    tracker.log("INFO", "from the child")
    {ABRUPT[end]}
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
tracker.log("INFO", "from the parent")
tracker.complete({{}})
"""
    assert ended(run_training(program, service.url, spool_dir, python=python)) == ("", "")
    assert service.run.texts() == ["from the child", "from the parent", ""]
    assert service.run.status == "completed"


LATE = {
    "atexit": """
import atexit, sys
made = []
atexit.register(lambda: made[0].log("INFO", "late"))  # the first to be registered is the last to be called
from aegis_tracker import TrainingProgressTracker
made.append(TrainingProgressTracker("medical", run_id=sys.argv[1]))
made[0].log("INFO", "one")
""",
    "__del__": """
import sys
from aegis_tracker import TrainingProgressTracker
class Model:
    def __init__(self, tracker):
        self.tracker = tracker
    def __del__(self):
        self.tracker.log("INFO", "late")
tracker = TrainingProgressTracker("medical", run_id=sys.argv[1])
tracker.log("INFO", "one")
model = Model(tracker)
""",
    "made in atexit": """
import atexit, sys
def late():
    made.append(TrainingProgressTracker("medical", run_id=sys.argv[1]))
    made[0].log("INFO", "one")
    made[0].log("INFO", "late")
made = []
atexit.register(late)
from aegis_tracker import TrainingProgressTracker
""",
    "made in __del__": """
import sys
from aegis_tracker import TrainingProgressTracker
class Model:
    run_id = sys.argv[1]
    make = TrainingProgressTracker
    def __del__(self):
        self.tracker = self.make("medical", run_id=self.run_id)
        self.tracker.log("INFO", "one")
        self.tracker.log("INFO", "late")
model = Model()
""",
}


@each_interpreter
@pytest.mark.needs_locks
@pytest.mark.parametrize("way", LATE)
@pytest.mark.parametrize("is_up", [True, False], ids=["up", "down"])
def test_a_report_while_the_interpreter_ends_is_accounted_for(
    service: ContractServer, spool_dir: Path, python: str, way: str, is_up: bool
) -> None:
    run_id = str(uuid.uuid4())
    url = service.url if is_up else NOBODY_LISTENS
    _, errors = ended(start_python(url, spool_dir, "-c", LATE[way], run_id, python=python))
    assert_accounted_for(service, spool_dir, run_id, ["one", "late"], errors)


@each_interpreter
@pytest.mark.needs_locks
def test_an_end_that_is_reported_while_the_interpreter_ends_is_kept(
    service: ContractServer, spool_dir: Path, python: str
) -> None:
    run_id = str(uuid.uuid4())
    program = LATE["atexit"].replace('log("INFO", "late")', "complete({})")
    _, errors = ended(start_python(service.url, spool_dir, "-c", program, run_id, python=python))
    assert_accounted_for(service, spool_dir, run_id, ["one"], errors)
    assert service.run.status == "completed"


@each_interpreter
@pytest.mark.needs_locks
def test_threads_that_report_while_the_process_ends_are_accounted_for(
    service: ContractServer, spool_dir: Path, python: str
) -> None:
    program = """
import threading
def report():
    for n in range(10**9):
        tracker.log("INFO", str(n))
        begun.set()
begun = threading.Event()
threading.Thread(target=report, daemon=True).start()
begun.wait()
print(tracker.run_id, flush=True)
"""
    told, errors = ended(run_training(program, service.url, spool_dir, python=python))
    run_id = told.strip()
    lines = [json.loads(line) for path in spool_dir.iterdir() for line in path.read_text().splitlines()]
    kept = [line["message"] for line in lines if line["type"] == "log"]
    assert kept == [str(n) for n in range(len(kept))]
    assert_accounted_for(service, spool_dir, run_id, kept, errors)


@each_interpreter
def test_a_thread_that_ends_ends_nothing(service: ContractServer, spool_dir: Path, python: str) -> None:
    program = """
import threading
def work():
    tracker.log("INFO", "from the thread")
    sys.exit(3)
with tracker:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    tracker.log("INFO", "goes on")
"""
    assert ended(run_training(program, service.url, spool_dir, python=python)) == ("", "")
    assert service.run.texts() == ["from the thread", "goes on", ""]
    assert service.run.status == "completed"


# What completes a run

LEFT = {
    "sys.exit(0)": ("with tracker:\n    sys.exit(0)", "SystemExit"),
    "sys.exit()": ("with tracker:\n    sys.exit()", "SystemExit"),
    "sys.exit(0) in a signal handler": (
        """
import signal
signal.signal(signal.SIGUSR1, lambda *_: sys.exit(0))
with tracker:
    os.kill(os.getpid(), signal.SIGUSR1)
    time.sleep(60)
""",
        "SystemExit",
    ),
    "sys.exit(0) in a thread": (
        """
import threading
def work():
    with tracker:
        sys.exit(0)
thread = threading.Thread(target=work)
thread.start()
thread.join()
""",
        "SystemExit",
    ),
    "a generator that is closed": (
        """
def steps():
    with tracker:
        yield 1
        yield 2
running = steps()
next(running)
running.close()
""",
        "GeneratorExit",
    ),
    "a task that is cancelled": (
        """
import asyncio
async def train():
    with tracker:
        await asyncio.sleep(60)
async def main():
    task = asyncio.create_task(train())
    await asyncio.sleep(0)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        pass
asyncio.run(main())
""",
        "CancelledError",
    ),
}


@pytest.mark.parametrize("way", LEFT)
def test_a_block_that_is_left_before_its_end_does_not_complete_the_run(
    service: ContractServer, spool_dir: Path, way: str
) -> None:
    program, error = LEFT[way]
    assert ended(run_training(program, service.url, spool_dir)) == ("", "")
    assert [event["type"] for event in service.run.events] == ["fail"]
    assert service.run.events[0]["error"].startswith(error)
    assert service.run.ended
    assert list(spool_dir.iterdir()) == []


COMPLETED = {
    "the end of the block": "with tracker:\n    pass",
    "return": "def train():\n    with tracker:\n        return 1\ntrain()",
    "break": "while True:\n    with tracker:\n        break",
    "complete, then sys.exit(0)": "with tracker:\n    tracker.complete({})\n    sys.exit(0)",
    "complete, without a block": "tracker.complete({})\nsys.exit(0)",
}


@pytest.mark.parametrize("way", COMPLETED)
def test_a_block_that_ran_to_its_end_and_complete_do(service: ContractServer, spool_dir: Path, way: str) -> None:
    assert ended(run_training(COMPLETED[way], service.url, spool_dir)) == ("", "")
    assert [event["type"] for event in service.run.events] == ["complete"]


# Signals

NO_CORE = "import resource, signal\nresource.setrlimit(resource.RLIMIT_CORE, (0, 0))\n"


def signalled(training: Process, name: str) -> tuple[int, str]:
    """How a training ends that is sent a signal when it says "go"; its errors."""
    with training:
        said = training.next_line()
        assert said == "go", training.communicate()[1]
        training.send_signal(getattr(signal, name))
        _, errors = training.communicate(timeout=60)
    return training.returncode, errors


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


# Runs that are handed over to the next process

HANDED_OVER = dict.fromkeys(("SIGINT", *SIGNALS), f"print('go', flush=True)\n    {WAITS}") | {
    "sys.exit(0)": "sys.exit(0)",
    "sys.exit(3)": "sys.exit(3)",
    "KeyboardInterrupt": "raise KeyboardInterrupt",
}


def handed_over(service: ContractServer, spool_dir: Path, way: str, block: str = "with tracker:") -> str:
    """The run of a resumable training that has reported "one" and was stopped in this way."""
    program = f"{block}\n    tracker.log('INFO', 'one')\n    {HANDED_OVER[way]}"
    training = run_training(program, service.url, spool_dir, tracker="resumable=True", first=NO_CORE)
    if way.startswith("SIG"):
        assert signalled(training, way)[0] == -getattr(signal, way)
    else:
        with training:
            training.communicate(timeout=60)
        expected = {"sys.exit(0)": 0, "sys.exit(3)": 3, "KeyboardInterrupt": -signal.SIGINT}
        assert training.returncode == expected[way]
    (run_id,) = service.runs
    assert service.run.texts() == ["one"]
    assert not is_over(service.run)
    return run_id


GOES_ON = "tracker.log('INFO', 'two')\ntracker.complete({})"


@pytest.mark.needs_locks
@pytest.mark.parametrize("way", HANDED_OVER)
def test_a_resumable_run_is_handed_over(service: ContractServer, spool_dir: Path, way: str) -> None:
    run_id = handed_over(service, spool_dir, way)
    assert sync(service.url, spool_dir)[0] == 0
    assert not is_over(service.run)
    ended(run_training("tracker.complete({})", service.url, spool_dir))
    assert not is_over(service.runs[run_id])
    ended(run_training(GOES_ON, service.url, spool_dir, tracker=f"run_id={run_id!r}, resumable=True"))
    assert service.runs[run_id].texts() == ["one", "two", ""]
    assert service.runs[run_id].status == "completed"
    assert list(spool_dir.iterdir()) == []


@pytest.mark.parametrize("way", ["SIGTERM", "sys.exit(0)", "KeyboardInterrupt"])
def test_a_resumable_run_goes_on_in_another_folder(
    service: ContractServer, spool_dir: Path, tmp_path: Path, way: str
) -> None:
    run_id = handed_over(service, spool_dir, way)
    service.run.told = LONG_AGO
    ended(run_training(GOES_ON, service.url, tmp_path / "elsewhere", tracker=f"run_id={run_id!r}"))
    assert service.run.texts() == ["one", "two", ""]
    assert service.run.status == "completed"
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.needs_locks
def test_a_resumable_run_without_a_block_is_handed_over_by_a_signal(service: ContractServer, spool_dir: Path) -> None:
    run_id = handed_over(service, spool_dir, "SIGTERM", block="if True:")
    ended(run_training(GOES_ON, service.url, spool_dir, tracker=f"run_id={run_id!r}"))
    assert service.run.texts() == ["one", "two", ""]
    assert service.run.status == "completed"


def test_an_error_fails_a_resumable_run(service: ContractServer, spool_dir: Path) -> None:
    program = "with tracker:\n    raise ValueError('no samples')"
    with run_training(program, service.url, spool_dir, tracker="resumable=True") as training:
        training.communicate(timeout=60)
    assert training.returncode == 1
    assert service.run.ended
    assert service.run.events[-1]["error"] == "ValueError: no samples"


def test_a_block_of_a_resumable_run_that_ran_to_its_end_completes(service: ContractServer, spool_dir: Path) -> None:
    ended(run_training("with tracker:\n    pass", service.url, spool_dir, tracker="resumable=True"))
    assert [event["type"] for event in service.run.events] == ["complete"]
    assert list(spool_dir.iterdir()) == []


# Trackers that nobody holds any more

DROPPED = {
    "bound anew": "tracker = make()\ntracker.log('INFO', 'one')\ntracker = None",
    "deleted": "tracker = make()\ntracker.log('INFO', 'one')\ndel tracker",
    "a function that returned": "def train():\n    tracker = make()\n    tracker.log('INFO', 'one')\ntrain()",
    "a cycle that is collected": """
import gc
class Model:
    pass
model = Model()
model.tracker, model.itself = make(), model
model.tracker.log('INFO', 'one')
del model
gc.collect()
""",
}
DROPPING = """
import threading
def make():
    return TrainingProgressTracker("medical", run_id=sys.argv[1])
def own_threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("aegis")]
before = len(os.listdir("/proc/self/fd"))
{drop}
print("dropped", flush=True)
sys.stdin.readline()
for thread in own_threads():
    thread.join(30)
print(len(own_threads()), len(os.listdir("/proc/self/fd")) - before, os.listdir(sys.argv[2]), flush=True)
{then}
"""


def dropping(service: ContractServer, spool_dir: Path, way: str, python: str, then: str = "") -> Process:
    program = IMPORT + DROPPING.format(drop=DROPPED[way], then=then)
    return start_python(service.url, spool_dir, "-c", program, str(uuid.uuid4()), str(spool_dir), python=python)


@each_interpreter
@pytest.mark.parametrize("way", DROPPED)
def test_a_tracker_that_is_dropped_gives_its_run_up(
    service: ContractServer, spool_dir: Path, way: str, python: str
) -> None:
    with dropping(service, spool_dir, way, python) as training:
        assert training.next_line() == "dropped"
        service.await_(lambda: service.runs and service.run.lost)
        told, errors = ended(training, "\n")
    assert (told, errors) == ("0 0 []\n", "")
    assert service.run.texts()[:-1] == ["one"]
    assert list(spool_dir.iterdir()) == []


@pytest.mark.parametrize("waits", [True, False])
@pytest.mark.parametrize("way", DROPPED)
def test_a_tracker_that_is_made_anew_goes_on_with_the_run(
    service: ContractServer, spool_dir: Path, way: str, waits: bool
) -> None:
    then = "tracker = make()\ntracker.log('INFO', 'two')\ntracker.complete({})"
    process = dropping(service, spool_dir, way, sys.executable, then)
    if not waits:
        drop = f"{IMPORT}def make(): return TrainingProgressTracker('medical', run_id=sys.argv[1])\n{DROPPED[way]}\n"
        process.kill()
        process.communicate()
        service.runs.clear()
        process = start_python(service.url, spool_dir / "anew", "-c", drop + then, str(uuid.uuid4()))
    with process as training:
        if waits:
            assert training.next_line() == "dropped"
            service.await_(lambda: service.runs and service.run.lost)
        ended(training, "\n")
    assert reported(service.run) == ["one", "two"]
    assert service.run.status == "completed"


@each_interpreter
@pytest.mark.needs_locks
@pytest.mark.parametrize("is_up", [True, False], ids=["up", "down"])
def test_what_a_dropped_tracker_reported_is_accounted_for_when_the_process_ends(
    service: ContractServer, spool_dir: Path, python: str, is_up: bool
) -> None:
    run_id = str(uuid.uuid4())
    program = f"""
def train():
    tracker = TrainingProgressTracker("medical", run_id=sys.argv[1])
    {THOUSAND}
train()
"""
    url = service.url if is_up else NOBODY_LISTENS
    _, errors = ended(start_python(url, spool_dir, "-c", IMPORT + program, run_id, python=python))
    assert_accounted_for(service, spool_dir, run_id, [str(n) for n in range(1000)], errors)


# Interactive sessions

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


# What is replaced in `os` stays what it was


def test_a_function_of_os_can_be_the_target_of_a_process(service: ContractServer, spool_dir: Path) -> None:
    program = """
import copy, multiprocessing, pickle
for function in (os._exit, os.execv, os.execve):
    assert pickle.loads(pickle.dumps(function)) is function
    assert copy.deepcopy(function) is function
child = multiprocessing.get_context("spawn").Process(target=os._exit, args=(3,))
child.start()
child.join()
print(child.exitcode)
tracker.complete({})
"""
    assert ended(run_training(program, service.url, spool_dir))[0] == "3\n"


def test_a_replacement_that_was_there_for_a_while_does_not_keep_the_function_from_delivering(
    service: ContractServer, spool_dir: Path
) -> None:
    first = """
from unittest import mock
with mock.patch("os._exit") as replacement:
    TrainingProgressTracker("medical").complete({})
    os._exit(1)
replacement.assert_called_once_with(1)
"""
    program = """
with mock.patch("os._exit"):
    TrainingProgressTracker("medical").complete({})
tracker.log("INFO", "one")
tracker.complete({})
os._exit(0)
"""
    _, errors = ended(run_training(program, service.url, spool_dir, first=first))
    assert errors == ""
    assert sorted(run.texts() for run in service.runs.values()) == [[""], [""], ["one", ""]]
    assert list(spool_dir.iterdir()) == []
