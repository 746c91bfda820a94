"""Several processes that report one run from the same folder."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.adoption import age, next_training, reported, under_way
from support.contract_server import LONG_AGO, ContractServer, Handler
from support.process import Process
from support.trainings import NOBODY_LISTENS, ended, left_behind, run_training, start_sync, sync

SECOND = {
    "ended": "pass",
    "killed": "os.kill(os.getpid(), 9)",
    "os._exit": "os._exit(0)",
}


def look_around(service: ContractServer, spool_dir: Path, by: str) -> None:
    """Somebody looks for spools to adopt, all of which seem to be old."""
    for path in spool_dir.glob("*.jsonl"):
        age(path)
    for one in by.split(", "):
        if one == "sync":
            assert "Traceback" not in sync(service.url, spool_dir)[2]
        else:
            next_training(service.url, spool_dir)


@pytest.mark.needs_locks
@pytest.mark.parametrize("by", ["tracker", "sync"])
@pytest.mark.parametrize("end", SECOND)
def test_a_second_process_of_a_run_that_says_nothing_ends_nothing(
    service: ContractServer, spool_dir: Path, end: str, by: str
) -> None:
    with under_way(service.url, spool_dir) as (training, run_id):
        second = run_training(SECOND[end], service.url, spool_dir, tracker=f"run_id={run_id!r}")
        with second:
            second.communicate(timeout=60)
        look_around(service, spool_dir, by)
        assert service.runs[run_id].texts() == ["one"]
        ended(training, "\n")
    assert service.runs[run_id].texts() == ["one", "two", ""]
    assert service.runs[run_id].events[-1]["type"] == "complete"
    assert sync(service.url, spool_dir)[0] == 0
    assert list(spool_dir.iterdir()) == []


@pytest.mark.needs_locks
@pytest.mark.parametrize("by", ["tracker", "sync"])
@pytest.mark.parametrize("end", SECOND)
def test_a_second_process_of_a_run_that_reports_disturbs_nothing(
    service: ContractServer, spool_dir: Path, end: str, by: str
) -> None:
    with under_way(service.url, spool_dir) as (training, run_id):
        program = f"tracker.log('INFO', 'from the second')\n{SECOND[end]}"
        with run_training(program, service.url, spool_dir, tracker=f"run_id={run_id!r}") as second:
            second.communicate(timeout=60)
        look_around(service, spool_dir, by)
        assert service.runs[run_id].texts() == ["one"]
        ended(training, "\n")
    assert service.runs[run_id].texts() == ["one", "two", ""]
    assert service.runs[run_id].events[-1]["type"] == "complete"
    look_around(service, spool_dir, by)
    assert service.runs[run_id].texts() == ["one", "two", ""]
    (left,) = spool_dir.iterdir()
    assert "from the second" in left.read_text()


@pytest.mark.needs_locks
@pytest.mark.parametrize("sent_before", [False, True])
@pytest.mark.parametrize("between", ["", "tracker", "sync", "tracker, sync", "sync, tracker", "tracker, tracker"])
@pytest.mark.parametrize("old", [False, True])
def test_a_killed_training_that_is_started_again_completes(
    service: ContractServer, spool_dir: Path, sent_before: bool, between: str, old: bool
) -> None:
    reports = "for n in range(10): tracker.log('INFO', str(n))"
    first = left_behind(spool_dir, reports, service.url if sent_before else NOBODY_LISTENS)
    for by in filter(None, between.split(", ")):
        if old and (spool_dir / f"{first}.jsonl").exists():
            age(spool_dir / f"{first}.jsonl")
        if by == "sync":
            assert sync(service.url, spool_dir)[0] == 0
        else:
            next_training(service.url, spool_dir)
    restarted = """
for n in range(10, 20): tracker.log('INFO', str(n))
print(tracker.run_id, flush=True)
sys.stdin.readline()
for n in range(20, 30): tracker.log('INFO', str(n))
tracker.complete({})
"""
    with under_way(service.url, spool_dir, restarted, tracker=f"run_id={first!r}") as (training, run_id):
        assert run_id == first
        if between:
            look_around(service, spool_dir, between)
        ended(training, "\n")
    run = service.runs[first]
    assert reported(run) == [*(str(n) for n in range(30)), ""]
    assert run.events[-1]["type"] == "complete"
    assert list(spool_dir.iterdir()) == []


@contextmanager
def sending(url: str, spool_dir: Path, reached: threading.Event) -> Iterator[Process]:
    """A `sync` that has begun to send."""
    with start_sync(url, spool_dir) as sends:
        assert reached.wait(30)
        yield sends


@pytest.mark.needs_locks
@pytest.mark.parametrize("old", [False, True])
def test_a_training_may_be_started_again_while_somebody_sends_what_it_left(
    service: ContractServer, spool_dir: Path, old: bool
) -> None:
    first = left_behind(spool_dir, "for n in range(10): tracker.log('INFO', str(n))")
    if old:
        age(spool_dir / f"{first}.jsonl")
    reached, goes_on = threading.Event(), threading.Event()

    def hold(_: Handler) -> bool:
        reached.set()
        goes_on.wait(30)
        return False

    service.misbehave.append(hold)
    restarted = """
for n in range(10, 20): tracker.log('INFO', str(n))
print(tracker.run_id, flush=True)
sys.stdin.readline()
tracker.complete({})
"""
    with (
        sending(service.url, spool_dir, reached) as sends,
        under_way(service.url, spool_dir, restarted, tracker=f"run_id={first!r}") as (training, _),
    ):
        goes_on.set()
        sends.communicate(timeout=60)
        with service.changed:
            service.runs[first].told = LONG_AGO
        service.await_(lambda: "19" in service.runs[first].texts())
        ended(training, "\n")
    run = service.runs[first]
    assert reported(run) == [*(str(n) for n in range(20)), ""]
    assert run.events[-1]["type"] == "complete"
    sync(service.url, spool_dir)
    assert run.events[-1]["type"] == "complete"
    assert list(spool_dir.iterdir()) == []
