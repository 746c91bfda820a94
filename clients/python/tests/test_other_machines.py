"""Spools of other machines and containers: nobody can see there whether a process still runs."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support import no_locks
from support.adoption import NO_END, age, assert_in_doubt, next_training, under_way
from support.contract_server import ContractServer
from support.trainings import ended, left_behind, sync


@pytest.fixture
def nodes(no_locks_library: Path) -> Iterator[dict[str, dict[str, str]]]:
    """Two machines that share the folder but not the locks in it."""
    return {
        name: no_locks.environment(no_locks_library, flock=f"local:{name}", hostname=name)
        for name in ("nodea", "nodeb")
    }


@pytest.mark.parametrize("old", [False, True])
def test_a_training_on_another_machine_is_left_alone(
    service: ContractServer, spool_dir: Path, nodes: dict[str, dict[str, str]], old: bool
) -> None:
    with under_way(service.url, spool_dir, environment=nodes["nodea"]) as (training, run_id):
        if old:
            age(spool_dir / f"{run_id}.jsonl")
        next_training(service.url, spool_dir, environment=nodes["nodeb"])
        assert service.runs[run_id].texts() == ["one"]
        assert_in_doubt(sync(service.url, spool_dir, environment=nodes["nodeb"]), run_id, "nodea")
        assert not service.runs[run_id].is_over
        ended(training, "\n")
    assert service.runs[run_id].texts() == ["one", "two", ""]
    assert service.runs[run_id].events[-1]["type"] == "complete"
    assert list(spool_dir.iterdir()) == []


@pytest.mark.parametrize("by", ["tracker", "sync", "word"])
def test_what_another_machine_left_is_sent_there_or_on_somebodys_word(
    service: ContractServer, spool_dir: Path, nodes: dict[str, dict[str, str]], by: str
) -> None:
    run_id = left_behind(spool_dir, "tracker.log('INFO', 'one')", environment=nodes["nodea"])
    path = spool_dir / f"{run_id}.jsonl"
    age(path)
    next_training(service.url, spool_dir, environment=nodes["nodeb"])
    assert_in_doubt(sync(service.url, spool_dir, environment=nodes["nodeb"]), run_id, "nodea")
    assert run_id not in service.runs
    if by == "tracker":
        next_training(service.url, spool_dir, environment=nodes["nodea"])
    else:
        arguments = ["--ended", run_id] if by == "word" else []
        node = nodes["nodeb" if by == "word" else "nodea"]
        assert sync(service.url, spool_dir, *arguments, environment=node)[0] == 0
    run = service.runs[run_id]
    assert run.texts()[:-1] == ["one"]
    assert NO_END in run.events[-1]["error"]
    assert list(spool_dir.iterdir()) == []


@pytest.mark.parametrize("inside", ["training", "others"])
def test_what_another_container_left_is_in_doubt(
    service: ContractServer, spool_dir: Path, container: tuple[str, ...], inside: str
) -> None:
    training, others = (container, ()) if inside == "training" else ((), container)
    run_id = left_behind(spool_dir, "tracker.log('INFO', 'one')", before=training)
    age(spool_dir / f"{run_id}.jsonl")
    next_training(service.url, spool_dir, before=others)
    assert_in_doubt(sync(service.url, spool_dir, before=others), run_id)
    assert run_id not in service.runs
    assert sync(service.url, spool_dir, "--ended", run_id, before=others)[0] == 0
    assert service.runs[run_id].texts()[:-1] == ["one"]
    assert list(spool_dir.iterdir()) == []


@pytest.mark.needs_locks
def test_a_training_in_another_container_is_left_alone(
    service: ContractServer, spool_dir: Path, container: tuple[str, ...]
) -> None:
    with under_way(service.url, spool_dir, before=container) as (training, run_id):
        age(spool_dir / f"{run_id}.jsonl")
        next_training(service.url, spool_dir)
        sync(service.url, spool_dir)
        assert not service.runs[run_id].is_over
        ended(training, "\n")
    assert service.runs[run_id].texts() == ["one", "two", ""]
