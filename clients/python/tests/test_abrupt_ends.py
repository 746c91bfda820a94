"""Ends that run no code of the tracker, such as `os._exit`, and reports while the interpreter ends.

Everything has been sent, or a sentence says in which spool it is kept.
"""

import uuid
from pathlib import Path

import pytest
from support.contract_server import ContractServer
from support.run_ends import THOUSAND, assert_accounted_for
from support.spools import messages
from support.trainings import NOBODY_LISTENS, each_interpreter, ended, run_training, start_python

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
    kept = [message for path in spool_dir.iterdir() for message in messages(path)]
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
