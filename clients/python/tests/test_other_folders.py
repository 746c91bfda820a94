"""A run that goes on in another folder, as on another machine with a disk of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.adoption import reported, under_way
from support.contract_server import LONG_AGO, ContractServer
from support.process import Process
from support.trainings import ended, left_behind, run_training, sync

ELSEWHERE = """
tracker.log("INFO", "from elsewhere")
print("reported", flush=True)
sys.stdin.readline()
tracker.complete({})
"""


@contextmanager
def elsewhere(url: str, tmp_path: Path, run_id: str) -> Iterator[Process]:
    """A process that reports the same run from another folder. It completes once it is given a line."""
    training = run_training(ELSEWHERE, url, tmp_path / "elsewhere", tracker=f"run_id={run_id!r}")
    with training:
        yield training


@pytest.mark.parametrize("told", [LONG_AGO, {"status": "failed", "failure_reason": "lost"}])
def test_a_run_goes_on_in_another_folder_once_its_process_is_silent(
    service: ContractServer, spool_dir: Path, tmp_path: Path, told: dict[str, str]
) -> None:
    run_id = left_behind(spool_dir, "tracker.log('INFO', 'one')\nassert tracker.flush(30)", service.url)
    service.run.told = told
    with elsewhere(service.url, tmp_path, run_id) as training:
        service.await_(lambda: service.run.texts() == ["one", "from elsewhere"])
        ended(training, "\n")
    assert service.run.texts() == ["one", "from elsewhere", ""]
    assert service.run.events[-1]["type"] == "complete"
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.needs_locks
def test_a_run_that_sync_gave_up_goes_on_in_another_folder(
    service: ContractServer, spool_dir: Path, tmp_path: Path
) -> None:
    run_id = left_behind(spool_dir, "tracker.log('INFO', 'one')\nassert tracker.flush(30)", service.url)
    assert sync(service.url, spool_dir)[0] == 0
    assert service.run.lost
    with elsewhere(service.url, tmp_path, run_id) as training:
        service.await_(lambda: "from elsewhere" in service.run.texts())
        ended(training, "\n")
    assert reported(service.run) == ["one", "from elsewhere", ""]
    assert service.run.events[-1]["type"] == "complete"


def test_what_reports_in_another_folder_meanwhile_is_kept_and_that_is_said(
    service: ContractServer, spool_dir: Path, tmp_path: Path
) -> None:
    with (
        under_way(service.url, spool_dir) as (training, run_id),
        elsewhere(service.url, tmp_path, run_id) as second,
    ):
        second.errors.await_("nother process")
        assert service.run.texts() == ["one"]
        assert len(second.errors.so_far("nother process", "AegisTrackerWarning")) == 1
        ended(training, "\n")
        assert service.run.texts() == ["one", "two", ""]
        errors = may_continue(second)
    assert service.run.texts() == ["one", "two", ""]
    assert service.run.events[-1]["type"] == "complete"
    warnings = [line for line in errors.splitlines() if "AegisTrackerWarning" in line]
    assert len(warnings) == len(set(warnings))
    (spool,) = (tmp_path / "elsewhere").glob("*.jsonl")
    assert "from elsewhere" in spool.read_text()
    assert str(spool) in errors
    assert "Traceback" not in errors


def test_a_process_elsewhere_takes_over_once_the_first_one_was_killed(
    service: ContractServer, spool_dir: Path, tmp_path: Path
) -> None:
    with (
        under_way(service.url, spool_dir) as (training, run_id),
        elsewhere(service.url, tmp_path, run_id) as second,
    ):
        second.errors.await_("nother process")
        training.kill()
        with service.changed:
            service.run.told = LONG_AGO
        service.await_(lambda: service.run.texts() == ["one", "from elsewhere"])
        assert "Traceback" not in may_continue(second)
    assert second.returncode == 0
    assert service.run.texts() == ["one", "from elsewhere", ""]
    assert service.run.events[-1]["type"] == "complete"


def may_continue(training: Process) -> str:
    """Give it a line, and await its end; what it has said in all."""
    training.say()
    training.communicate()
    return training.errors.text()
