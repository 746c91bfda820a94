"""The command `aegis-tracker`, as people call it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from aegis_tracker import __version__
from conftest import MakeTracker
from trainings import SOURCE


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
    told = aegis_tracker("status", "--spool-dir", spool_dir)
    assert (told.returncode, told.stderr) == (0, "")
    lines = told.stdout.splitlines()[1:]
    told_of = {words[0]: words[1:] for words in map(str.split, lines)}
    for tracker, domain, events, end in ((under_way, "medical", "1", "-"), (ended, "legal", "2", "complete")):
        size = str((spool_dir / f"{tracker.run_id}.jsonl").stat().st_size)
        assert told_of[tracker.run_id] == [domain, events, size, "0", "s", "live", end]
    assert told_of["stray.jsonl:"] == ["not", "a", "spool"]


def test_an_empty_folder_has_nothing_waiting(spool_dir: Path) -> None:
    told = aegis_tracker("status", "--spool-dir", spool_dir)
    assert (told.returncode, told.stdout) == (0, f"Nothing waits in {spool_dir}.\n")


def test_it_knows_its_version() -> None:
    assert aegis_tracker("--version").stdout == f"aegis-tracker {__version__}\n"
