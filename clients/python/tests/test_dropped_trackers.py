"""Trackers that are garbage-collected without an end."""

import sys
import uuid
from pathlib import Path

import pytest
from support.contract_server import ContractServer
from support.process import Process
from support.run_ends import IMPORT, THOUSAND, assert_accounted_for, reported
from support.trainings import NOBODY_LISTENS, each_interpreter, ended, start_python

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
