"""A tracker that is copied, sent to another process, or closed: there is one, and it leaves others' files alone."""

import copy
import pickle
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aegis_tracker import TrainingProgressTracker
from support.contract_server import ContractServer
from support.trackers import MakeTracker
from support.trainings import NOBODY_LISTENS, each_interpreter, ended, run_training


@dataclass
class Model:
    """Something of a training's that holds its tracker, as a module of DSPy may."""

    tracker: TrainingProgressTracker
    weights: list[float] = field(default_factory=lambda: [1.0])


def test_a_copy_is_the_tracker_itself(make_tracker: MakeTracker) -> None:
    tracker = make_tracker()
    assert copy.copy(tracker) is tracker
    assert copy.deepcopy(tracker) is tracker
    assert copy.deepcopy([tracker, {"tracker": tracker}]) == [tracker, {"tracker": tracker}]


def test_a_deep_copy_of_what_holds_it_has_the_tracker_itself(
    service: ContractServer, make_tracker: MakeTracker
) -> None:
    model = Model(make_tracker())
    copied = copy.deepcopy(model)
    assert copied.tracker is model.tracker
    assert copied.weights is not model.weights
    copied.tracker.log("INFO", "from the copy")
    model.tracker.complete({})
    assert model.tracker.flush(30)
    assert service.run.texts() == ["from the copy", ""]


@pytest.mark.parametrize("is_held", [False, True])
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_tracker_that_is_pickled_says_what_to_do_instead(
    make_tracker: MakeTracker, protocol: int, is_held: bool
) -> None:
    tracker = make_tracker()
    with pytest.raises(TypeError, match="run_id"):
        pickle.dumps(Model(tracker) if is_held else tracker, protocol)


@each_interpreter
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_tracker_given_to_a_process_that_pickles_it_says_what_to_do_instead(
    service: ContractServer, spool_dir: Path, python: str, method: str
) -> None:
    program = f"""
import multiprocessing
with multiprocessing.get_context({method!r}).Pool(1) as pool:
    try:
        pool.apply(print, (tracker,))
    except TypeError as error:
        print(error)
tracker.complete({{}})
"""
    told, _ = ended(run_training(program, service.url, spool_dir, python=python))
    assert "run_id" in told
    assert [event["type"] for event in service.run.events] == ["complete"]


ENDS = {
    "closed": "tracker.close()",
    "closed while nobody listens": "tracker.close(0)",
    "closed in its block": "with tracker:\n    tracker.close()",
    "its sender has ended": "tracker.complete({})\nassert tracker.flush(30)\nawait_threads()",
    "refused": "assert not tracker.flush(30)\ntracker.close()",
    "closed before a fork": "tracker.close()\nin_a_fork()",
    "closed after a fork": "in_a_fork()\ntracker.close(0)",
    "its sender has ended before a fork": "tracker.complete({})\nassert tracker.flush(30)\nin_a_fork()",
    "dropped": "tracker = None\nimport gc\ngc.collect()\nawait_threads()",
}
FILES = """
import socket, threading

def await_threads():
    for thread in threading.enumerate():
        if thread.name.startswith("aegis"):
            thread.join(30)
            assert not thread.is_alive(), f"{thread.name} goes on"

def in_a_fork():
    "Go on in a forked process; the original ends as it does."
    pid = os.fork()
    if pid:
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))

folder = sys.argv[1]
os.mkdir(folder)
tracker.log("INFO", "one")
"""
USES_FILES = """
mine = [os.open(os.path.join(folder, str(n)), os.O_CREAT | os.O_RDWR) for n in range(64)]
pairs = [socket.socketpair() for _ in range(16)]
{then}
for _ in range(2):
    if tracker is not None:
        tracker.log("INFO", "late")
        tracker.enter_phase("loading_data")
        tracker.update_progress(0.5)
        tracker.complete({})
        tracker.fail("late")
        tracker.flush(0.5)
        tracker.close(0.5)
await_threads()
for n, file in enumerate(mine):
    assert os.fstat(file).st_ino == os.stat(os.path.join(folder, str(n))).st_ino, "closed or another file"
    assert os.fstat(file).st_size == 0, os.pread(file, 1000, 0)
    os.write(file, b"mine")
    assert os.pread(file, 100, 0) == b"mine"
for one, other in pairs:
    one.setblocking(False)
    other.setblocking(False)
    for end in (one, other):
        try:
            raise SystemExit(f"a socket of mine was written to or shut down: {end.recv(1000)!r}")
        except BlockingIOError:
            pass
    one.send(b"mine")
    assert other.recv(100) == b"mine"
print("unharmed", flush=True)
"""


@pytest.mark.parametrize("then", ["", "in_a_fork()"])
@pytest.mark.parametrize("end", ENDS)
def test_files_of_the_training_are_left_alone(
    service: ContractServer, spool_dir: Path, tmp_path: Path, end: str, then: str
) -> None:
    program = FILES.replace("sys.argv[1]", repr(str(tmp_path / "mine")))
    program += ENDS[end] + USES_FILES.replace("{then}", then)
    if end == "refused":
        service.domains.clear()
    url = NOBODY_LISTENS if end == "closed while nobody listens" else service.url
    with run_training(program, url, spool_dir) as training:
        told, errors = training.communicate(timeout=60)
    assert "unharmed" in told, errors
    assert training.returncode == 0, errors
    assert "Traceback" not in errors
