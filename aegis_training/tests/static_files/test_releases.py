"""Static files are collected once for each release, whoever does so at once, and completely or not at all."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from aegis_training.static_files.releases import collected_release, releases
from tests.support.changed_project import ChangedProject
from tests.support.project import PROJECT
from tests.support.running_service import await_until

LIMIT_S = 60
MANIFEST = "staticfiles.json"


def collecting(static_dir: Path, project: Path = PROJECT) -> "subprocess.Popen[str]":
    """`manage.py collectstatic`, running."""
    return subprocess.Popen(
        [sys.executable, "manage.py", "collectstatic", "--noinput"],
        cwd=project,
        env=os.environ | {"AEGIS_STATIC_DIR": str(static_dir)},
        stdout=subprocess.PIPE,
        text=True,
    )


def release_of(process: "subprocess.Popen[str]") -> Path:
    stdout, _ = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 0
    return Path(stdout.strip())


def test_it_is_done_once(tmp_path: Path) -> None:
    release = release_of(collecting(tmp_path))
    made = (release / MANIFEST).stat().st_mtime_ns
    assert release_of(collecting(tmp_path)) == release
    assert (release / MANIFEST).stat().st_mtime_ns == made
    assert release.stat().st_mode & 0o777 == 0o755


def test_several_at_once(tmp_path: Path) -> None:
    processes = [collecting(tmp_path) for _ in range(3)]
    [release] = {release_of(process) for process in processes}
    assert list(tmp_path.iterdir()) == [release]


def test_one_that_is_killed_leaves_no_release(tmp_path: Path) -> None:
    process = collecting(tmp_path)
    [draft] = await_until(lambda: list(tmp_path.glob(".collecting-*")), LIMIT_S)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=LIMIT_S)
    assert list(tmp_path.iterdir()) == [draft]
    day_ago = time.time() - 86_400
    os.utime(draft, (day_ago, day_ago))
    release = release_of(collecting(tmp_path))
    assert list(tmp_path.iterdir()) == [release]


def test_a_changed_file_makes_another_release(tmp_path: Path) -> None:
    project = ChangedProject(tmp_path / "project")
    static_dir = tmp_path / "static"
    before = release_of(collecting(static_dir, project.folder))
    icon = project.folder / "training_status/static/dashboard/icon.svg"
    icon.write_text(icon.read_text() + "\n")
    after = release_of(collecting(static_dir, project.folder))
    assert {before, after} == set(static_dir.iterdir())


def test_the_last_started_are_kept(tmp_path: Path, settings: Any) -> None:
    settings.STATIC_RELEASES = tmp_path
    for age in range(1, 8):
        folder = tmp_path / f"release_{age}"
        folder.mkdir()
        os.utime(folder, (time.time() - age * 86_400,) * 2)
    release = collected_release()
    assert [folder.name for folder in releases()] == [release.name, *(f"release_{age}" for age in range(1, 5))]
    assert len(list(tmp_path.iterdir())) == 5
