"""Trainings and `aegis-tracker sync` as what they are: processes of their own."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

from support.process import Process

SOURCE = str(Path(__file__).parents[2] / "src")
NOBODY_LISTENS = "http://127.0.0.1:9"
KILLED = "os.write(1, tracker.run_id.encode()); os.kill(os.getpid(), 9)"
TOKEN = "aegis_test_token"


@cache
def interpreters() -> dict[str, str]:
    """By version: this interpreter, Python 3.12, 3.13 and 3.14 where they are on PATH, and those that
    TRACKER_TEST_PYTHONS names (paths, as in PATH); the tracker needs no packages. One for each version.

    Not AEGIS_…: variables of that beginning are kept from tests.
    """
    named = list(filter(None, os.environ.get("TRACKER_TEST_PYTHONS", "").split(os.pathsep)))
    found = [shutil.which(f"python3.{minor}") for minor in (12, 13, 14)]
    versions: dict[str, str] = {}
    for path in [sys.executable, *named, *filter(None, found)]:
        told = subprocess.run(
            [path, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"], capture_output=True, text=True
        )
        if told.returncode == 0:
            versions.setdefault(told.stdout.strip(), path)
        elif path in named:  # on PATH there are programs that only say that the version is not installed
            pytest.fail(f"TRACKER_TEST_PYTHONS names {path}, which does not run: {told.stderr}")
    return versions


each_interpreter = pytest.mark.parametrize(
    "python", [pytest.param(path, id=f"python{version}") for version, path in interpreters().items()]
)


def settings(url: str, spool_dir: Path) -> dict[str, str]:
    """Where a process reports to."""
    return {"AEGIS_URL": url, "AEGIS_TOKEN": TOKEN, "AEGIS_SPOOL_DIR": str(spool_dir), "PYTHONPATH": SOURCE}


def start_python(
    url: str,
    spool_dir: Path,
    *arguments: str,
    python: str = sys.executable,
    environment: Mapping[str, str] = {},
    before: tuple[str, ...] = (),
) -> Process:
    """An interpreter with these arguments, started by the command `before` where there is one."""
    return Process(
        [*before, python, "-W", "ignore:This process:DeprecationWarning", *arguments],  # 3.12: forks
        env=os.environ | settings(url, spool_dir) | environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def run_training(
    program: str,
    url: str,
    spool_dir: Path,
    *,
    tracker: str = "",
    first: str = "",
    python: str = sys.executable,
    environment: Mapping[str, str] = {},
    before: tuple[str, ...] = (),
) -> Process:
    """A training of its own process. `program` has a `tracker`, made with the arguments `tracker`; `first` runs
    before it is made."""
    head = "import os, sys, time\nfrom aegis_tracker import TrainingProgressTracker\n"
    head += f"{first}\ntracker = TrainingProgressTracker('medical', {tracker})\n"
    return start_python(url, spool_dir, "-c", head + program, python=python, environment=environment, before=before)


def ended(training: Process, answer: str | None = None) -> tuple[str, str]:
    """What a process that ends well, once `answer` is given, has written on stdout and stderr."""
    with training:
        told, errors = training.communicate(answer, timeout=120)
    assert training.returncode == 0, errors
    return told, errors


def left_behind(
    spool_dir: Path,
    reports: str = "for n in range(3000): tracker.log('INFO', str(n))",
    url: str = "",
    *,
    tracker: str = "",
    environment: Mapping[str, str] = {},
    before: tuple[str, ...] = (),
) -> str:
    """The id of a run whose training was killed after these reports."""
    program = f"{reports}\n{KILLED}"
    with run_training(
        program, url or NOBODY_LISTENS, spool_dir, tracker=tracker, environment=environment, before=before
    ) as training:
        run_id, errors = training.communicate(timeout=60)
    assert training.returncode in (-9, 128 + 9), errors
    return run_id


def start_sync(
    url: str, spool_dir: Path, *arguments: str, environment: Mapping[str, str] = {}, before: tuple[str, ...] = ()
) -> Process:
    return start_python(
        url, spool_dir, "-m", "aegis_tracker", "sync", *arguments, environment=environment, before=before
    )


def sync(
    url: str, spool_dir: Path, *arguments: str, environment: Mapping[str, str] = {}, before: tuple[str, ...] = ()
) -> tuple[int, str, str]:
    with start_sync(url, spool_dir, *arguments, environment=environment, before=before) as process:
        told, errors = process.communicate(timeout=60)
    return process.returncode, told, errors
