"""The command `aegis-tracker`, as people call it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from aegis_tracker import __version__
from support.contract_server import ContractServer
from support.trackers import MakeTracker
from support.trainings import SOURCE, left_behind, settings


def aegis_tracker(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "aegis_tracker", *map(str, arguments)]
    return subprocess.run(command, env=os.environ | {"PYTHONPATH": SOURCE}, capture_output=True, text=True, timeout=60)


@pytest.mark.needs_locks
def test_it_lists_what_waits(make_tracker: MakeTracker, spool_dir: Path) -> None:
    under_way = make_tracker(url="http://127.0.0.1:9")
    under_way.log("INFO", "one")
    ended = make_tracker("legal", url="http://127.0.0.1:9")
    ended.log("INFO", "one")
    ended.complete({})
    (spool_dir / "stray.jsonl").write_text("something else\n")
    shown = aegis_tracker("status", "--spool-dir", spool_dir)
    assert (shown.returncode, shown.stderr) == (0, "")
    lines = shown.stdout.splitlines()[1:]
    told_of = {words[0]: words[1:] for words in map(str.split, lines)}
    for tracker, domain, events, end in ((under_way, "medical", "1", "-"), (ended, "legal", "2", "complete")):
        size = str((spool_dir / f"{tracker.run_id}.jsonl").stat().st_size)
        told = told_of[tracker.run_id]
        assert (told[:3], told[-2:]) == ([domain, events, size], ["live", end])  # between them, its age
    assert told_of["stray.jsonl:"] == ["not", "a", "spool"]


def test_an_empty_folder_has_nothing_waiting(spool_dir: Path) -> None:
    told = aegis_tracker("status", "--spool-dir", spool_dir)
    assert (told.returncode, told.stdout) == (0, f"There are no spools in {spool_dir}.\n")


def test_it_knows_its_version() -> None:
    assert aegis_tracker("--version").stdout == f"aegis-tracker {__version__}\n"


@pytest.mark.parametrize("seconds", ["nan", "inf", "-inf", "0", "-1", "1e999", "soon"])
def test_a_time_limit_is_a_positive_number(spool_dir: Path, seconds: str) -> None:
    told = aegis_tracker("sync", "--spool-dir", spool_dir, f"--timeout={seconds}")
    assert told.returncode == 2
    assert told.stderr.splitlines()[-1].endswith(f"--timeout: {seconds} is not a positive number of seconds.")


@pytest.mark.parametrize(
    ("closed", "complaint"),
    [
        (">&-", "aegis-tracker: standard output is closed.\n"),
        (">&- 2>&-", ""),
    ],
)
@pytest.mark.parametrize("command", [["status"], ["watch", "medical"]])
def test_without_standard_output_there_is_nothing_to_show(
    spool_dir: Path, command: list[str], closed: str, complaint: str
) -> None:
    told = with_closed(closed, spool_dir, *command)
    assert (told.returncode, told.stderr) == (1, complaint)


@pytest.mark.needs_locks
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_sync_works_in_silence(service: ContractServer, spool_dir: Path, closed: str) -> None:
    run_id = left_behind(spool_dir, "tracker.log('INFO', 'one')")
    told = with_closed(closed, spool_dir, "sync", "--url", service.url)
    assert (told.returncode, told.stderr) == (0, "")
    assert service.runs[run_id].texts()[0] == "one"


def with_closed(closed: str, spool_dir: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """With descriptors that the shell has closed."""
    command = ["sh", "-c", f'exec "$0" "$@" {closed}', sys.executable, "-m", "aegis_tracker", *arguments]
    environment = os.environ | settings("http://127.0.0.1:9", spool_dir)
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
