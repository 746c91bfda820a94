"""Folders whose files cannot be locked: a spool there is sent only if somebody says that its training has ended."""

from pathlib import Path

import pytest
from support import no_locks
from support.adoption import NO_END, age, assert_in_doubt, next_training, under_way
from support.contract_server import ContractServer
from support.trainings import ended, left_behind, sync


@pytest.fixture(params=["ENOSYS", "ENOLCK", "EOPNOTSUPP"])
def without_locks(request: pytest.FixtureRequest, no_locks_library: Path) -> dict[str, str]:
    return no_locks.environment(no_locks_library, flock=request.param)


def test_without_locks_a_training_completes(
    service: ContractServer, spool_dir: Path, without_locks: dict[str, str]
) -> None:
    with under_way(service.url, spool_dir, environment=without_locks) as (training, _):
        _, errors = ended(training, "\n")
    assert service.run.texts() == ["one", "two", ""]
    assert service.run.events[-1]["type"] == "complete"
    assert service.run.duplicates == 0
    assert "Traceback" not in errors
    assert list(spool_dir.iterdir()) == []


@pytest.mark.parametrize("old", [False, True])
def test_without_locks_a_training_under_way_is_left_alone(
    service: ContractServer, spool_dir: Path, without_locks: dict[str, str], old: bool
) -> None:
    with under_way(service.url, spool_dir, environment=without_locks) as (training, run_id):
        if old:
            age(spool_dir / f"{run_id}.jsonl")
        next_training(service.url, spool_dir, environment=without_locks)
        assert service.runs[run_id].texts() == ["one"]
        for word in ((), ("--ended", run_id)):  # it is seen to run, whatever somebody says
            sync(service.url, spool_dir, *word, environment=without_locks)
        assert not service.runs[run_id].is_over
        ended(training, "\n")
    assert service.runs[run_id].texts() == ["one", "two", ""]
    assert service.runs[run_id].events[-1]["type"] == "complete"
    assert list(spool_dir.iterdir()) == []


@pytest.mark.parametrize("old", [False, True])
def test_without_locks_what_is_left_behind_waits_for_somebodys_word(
    service: ContractServer, spool_dir: Path, without_locks: dict[str, str], old: bool
) -> None:
    run_id = left_behind(spool_dir, "tracker.log('INFO', 'one')", environment=without_locks)
    path = spool_dir / f"{run_id}.jsonl"
    if old:
        age(path)
    before = path.read_bytes()
    next_training(service.url, spool_dir, environment=without_locks)
    assert_in_doubt(sync(service.url, spool_dir, environment=without_locks), run_id)
    assert run_id not in service.runs
    assert path.read_bytes() == before
    status, told, _ = sync(service.url, spool_dir, "--ended", run_id, environment=without_locks)
    assert (status, told.splitlines()[0]) == (0, f"{run_id}  medical  sent")
    run = service.runs[run_id]
    assert run.texts()[:-1] == ["one"]
    assert run.is_over
    assert NO_END in run.events[-1]["error"]
    assert list(spool_dir.iterdir()) == []


def test_somebodys_word_is_about_the_runs_it_names(
    service: ContractServer, spool_dir: Path, no_locks_library: Path
) -> None:
    environment = no_locks.environment(no_locks_library, flock="ENOLCK")
    one, two, three = (left_behind(spool_dir, f"tracker.log('INFO', '{n}')", environment=environment) for n in range(3))
    told = sync(service.url, spool_dir, "--ended", one, "--ended", three, environment=environment)
    assert_in_doubt(told, two)
    assert {run_id: run.texts()[:-1] for run_id, run in service.runs.items()} == {one: ["0"], three: ["2"]}
    assert [path.name for path in spool_dir.iterdir()] == [f"{two}.jsonl"]


@pytest.mark.needs_locks
def test_a_lock_that_is_held_outweighs_somebodys_word(service: ContractServer, spool_dir: Path) -> None:
    with under_way(service.url, spool_dir) as (training, run_id):
        status, _, errors = sync(service.url, spool_dir, "--ended", run_id)
        assert status in (0, 1), errors
        assert not service.run.is_over
        ended(training, "\n")
    assert "Traceback" not in errors
    assert service.run.texts() == ["one", "two", ""]


def test_an_end_that_was_reported_is_sent_on_somebodys_word(
    service: ContractServer, spool_dir: Path, no_locks_library: Path
) -> None:
    environment = no_locks.environment(no_locks_library, flock="ENOLCK")
    run_id = left_behind(spool_dir, "tracker.complete({'f1': 1})", environment=environment)
    assert_in_doubt(sync(service.url, spool_dir, environment=environment), run_id)
    assert sync(service.url, spool_dir, "--ended", run_id, environment=environment)[0] == 0
    assert [event["type"] for event in service.run.events] == ["complete"]
