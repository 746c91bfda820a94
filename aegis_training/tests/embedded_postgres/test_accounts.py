"""Under which account the embedded PostgreSQL runs."""

import os
from pathlib import Path

from tests.support.embedded_server_users import (
    AS_ORDINARY_USER,
    NOBODY,
    Join,
    as_root,
    await_end,
    keeper_pid,
    on_linux,
    postmaster_pid,
    without_unshare,
)

pytestmark = on_linux


@as_root
def test_below_a_directory_that_only_root_can_enter(tmp_path: Path, join: Join) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    before = closed.stat()
    assert join(closed / "postgres").server()
    after = closed.stat()
    assert (after.st_mode, after.st_uid) == (before.st_mode, before.st_uid)
    assert (closed / "postgres/cluster").stat().st_uid == 0


@as_root
def test_without_namespaces_the_server_runs_as_nobody_ever_after(open_dir: Path, join: Join) -> None:
    data_dir = open_dir / "postgres"
    user = join(data_dir, env=without_unshare())
    user.execute("CREATE TABLE saved AS SELECT 1")
    assert Path(f"/proc/{postmaster_pid(data_dir)}").stat().st_uid == NOBODY.pw_uid
    assert data_dir.stat().st_uid == NOBODY.pw_uid
    keeper = keeper_pid(data_dir)
    user.leave()
    await_end(keeper)
    assert join(data_dir).execute("SELECT count(*) FROM saved") == 1
    assert Path(f"/proc/{postmaster_pid(data_dir)}").stat().st_uid == NOBODY.pw_uid
    assert open_dir.stat().st_uid == 0


@as_root
def test_namespaces_that_are_no_longer_allowed(open_dir: Path, join: Join) -> None:
    data_dir = open_dir / "postgres"
    user = join(data_dir)
    user.execute("CREATE TABLE saved AS SELECT 1")
    assert (data_dir / "cluster").stat().st_uid == 0
    keeper = keeper_pid(data_dir)
    user.leave()
    await_end(keeper)
    assert join(data_dir, env=without_unshare()).execute("SELECT count(*) FROM saved") == 1


@as_root
def test_nobody_cannot_reach_the_directory(tmp_path: Path, join: Join) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    error = join(closed / "postgres", env=without_unshare()).error
    assert "the user nobody cannot reach" in error
    assert "set DATABASE_URL" in error
    assert (closed / "postgres").stat().st_uid == 0


@as_root
@as_root
def test_directory_of_another_user_is_served_as_that_user(open_dir: Path, join: Join) -> None:
    data_dir = open_dir / "postgres"
    data_dir.mkdir()
    os.chown(data_dir, NOBODY.pw_uid, NOBODY.pw_gid)
    assert join(data_dir).server()
    assert Path(f"/proc/{postmaster_pid(data_dir)}").stat().st_uid == NOBODY.pw_uid
    assert {file.stat().st_uid for file in data_dir.iterdir()} == {NOBODY.pw_uid}


@as_root
def test_an_ordinary_user(data_dir: Path, join: Join) -> None:
    assert join(data_dir, prefix=AS_ORDINARY_USER).server()


@as_root
def test_directory_of_somebody_else(open_dir: Path, join: Join) -> None:
    data_dir = open_dir / "postgres"
    data_dir.mkdir(mode=0o700)
    os.chown(data_dir, NOBODY.pw_uid, NOBODY.pw_gid)
    assert "Permission denied" in join(data_dir, prefix=AS_ORDINARY_USER).error
