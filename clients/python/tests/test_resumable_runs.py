"""Runs that are handed over to the next process."""

import signal
from pathlib import Path

import pytest
from support.contract_server import LONG_AGO, ContractServer
from support.run_ends import NO_CORE, SIGNALS, WAITS, signalled
from support.trainings import ended, run_training, sync

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
    assert not service.run.is_over
    return run_id


GOES_ON = "tracker.log('INFO', 'two')\ntracker.complete({})"


@pytest.mark.needs_locks
@pytest.mark.parametrize("way", HANDED_OVER)
def test_a_resumable_run_is_handed_over(service: ContractServer, spool_dir: Path, way: str) -> None:
    run_id = handed_over(service, spool_dir, way)
    assert sync(service.url, spool_dir)[0] == 0
    assert not service.run.is_over
    ended(run_training("tracker.complete({})", service.url, spool_dir))
    assert not service.runs[run_id].is_over
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
