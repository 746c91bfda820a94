"""Files in the spool's folder that are not spools."""

import os
from pathlib import Path

import pytest
from support.adoption import age, next_training
from support.contract_server import ContractServer
from support.trainings import left_behind, sync


def damaged(path: Path) -> None:
    path.write_text('{"type":"start","id":"\n{"type":"log","message":"one"}\n')


def binary(path: Path) -> None:
    path.write_bytes(bytes(range(256)) * 100)


def foreign(path: Path) -> None:
    path.write_text('{"prompt": "one", "completion": "two"}\n')


def list_of_lists(path: Path) -> None:
    path.write_text("[" * 100_000 + "\n")


def incomplete(path: Path) -> None:
    path.write_text('{"type":"start","id":7,"domain":null}\n')


def empty(path: Path) -> None:
    path.touch()


def folder(path: Path) -> None:
    path.mkdir()
    (path / "one.jsonl").write_text("{}\n")


def unreadable(path: Path) -> None:
    path.symlink_to(path.name)  # to itself: also root cannot open it


def forbidden(path: Path) -> None:
    path.write_text("{}\n")
    path.chmod(0)


def dangling(path: Path) -> None:
    path.symlink_to("nowhere")


def pipe(path: Path) -> None:
    os.mkfifo(path)


@pytest.mark.needs_locks
@pytest.mark.parametrize("by", ["tracker", "sync"])
@pytest.mark.parametrize(
    "make",
    [damaged, binary, foreign, list_of_lists, incomplete, empty, folder, unreadable, forbidden, dangling, pipe],
    ids=lambda make: make.__name__,
)
def test_what_is_no_spool_is_left_alone(service: ContractServer, spool_dir: Path, make: object, by: str) -> None:
    run_id = left_behind(spool_dir, "tracker.log('INFO', 'one')")
    age(spool_dir / f"{run_id}.jsonl")
    path = spool_dir / "other.jsonl"
    make(path)
    os.utime(path, (0, 0), follow_symlinks=False)  # the oldest, so that it is looked at first
    before = path.lstat(), path.read_bytes() if path.is_file() and os.access(path, os.R_OK) else None
    if by == "sync":
        _, _, errors = sync(service.url, spool_dir)
    else:
        errors = next_training(service.url, spool_dir)
    assert "Traceback" not in errors
    assert service.runs[run_id].texts()[:-1] == ["one"]
    assert service.runs[run_id].is_over
    now = path.lstat()
    assert (now.st_ino, now.st_size, now.st_mtime) == (before[0].st_ino, before[0].st_size, before[0].st_mtime)
    assert before[1] is None or path.read_bytes() == before[1]
    assert [path.name for path in spool_dir.iterdir()] == ["other.jsonl"]
