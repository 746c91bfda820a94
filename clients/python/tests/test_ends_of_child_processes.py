"""Trackers that are made in processes of `multiprocessing`, which end without `atexit`."""

import uuid
from pathlib import Path

import pytest
from support.contract_server import ContractServer
from support.run_ends import reported
from support.trainings import NOBODY_LISTENS, each_interpreter, ended, start_python, sync

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
