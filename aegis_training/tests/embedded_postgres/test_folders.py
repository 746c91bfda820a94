"""The embedded PostgreSQL in folders of every kind, and what it says where it cannot be."""

import os
import stat
import subprocess
from pathlib import Path

import pytest

from aegis_training.embedded_postgres import EmbeddedPostgresError, ensure_server, server_log
from aegis_training.embedded_postgres.binaries import find_binaries
from aegis_training.embedded_postgres.layout import DataDirectory
from tests.support.embedded_server_users import Join, as_root, await_end, keeper_pid, on_linux
from tests.support.project import PROJECT

pytestmark = on_linux


@pytest.mark.parametrize("name", ["d" * 100, "with, comma", 'with "quotes" and blanks ', "ünïcödé"])
def test_unusual_paths(tmp_path: Path, join: Join, name: str) -> None:
    user = join(tmp_path / name)
    assert user.server()
    host = Path(user.address["host"])
    assert stat.S_IMODE(host.stat().st_mode) == 0o700
    keeper = keeper_pid(tmp_path / name)
    user.leave()
    await_end(keeper)
    assert host == tmp_path / name or not host.exists()
    assert join(tmp_path / name).address == user.address


def test_socket_directory_that_somebody_prepared(tmp_path: Path, short_folder: Path, join: Join) -> None:
    data_dir, temporary = tmp_path / ("d" * 100), short_folder
    env = {**os.environ, "PYTHONPATH": str(PROJECT), "TMPDIR": str(temporary)}
    user = join(data_dir, env=env)
    private = Path(user.address["host"])
    assert private.parent == temporary
    keeper = keeper_pid(data_dir)
    user.leave()
    await_end(keeper)
    private.symlink_to(tmp_path)
    assert "is not a private directory" in join(data_dir, env=env).error
    private.unlink()
    private.mkdir(mode=0o777)
    private.chmod(0o777)
    assert "is not a private directory" in join(data_dir, env=env).error


def test_directory_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EmbeddedPostgresError, match=r"Not a directory.* set AEGIS_DATA_DIR .* or DATABASE_URL"):
        ensure_server(tmp_path / "file" / "postgres")


def test_cluster_of_another_version(data_dir: Path, join: Join) -> None:
    (data_dir / "cluster").mkdir(parents=True)
    (data_dir / "cluster/PG_VERSION").write_text("17\n")
    assert "was made by PostgreSQL 17" in join(data_dir).error


def test_cluster_that_is_none(data_dir: Path, join: Join) -> None:
    (data_dir / "cluster").mkdir(parents=True)
    assert "is not a PostgreSQL data directory" in join(data_dir).error


def test_server_that_does_not_start_says_why(data_dir: Path, join: Join) -> None:
    user = join(data_dir)
    user.server()
    keeper = keeper_pid(data_dir)
    user.leave()
    await_end(keeper)
    (data_dir / "cluster/postgresql.conf").write_text("no_such_setting = 1\n")
    error = join(data_dir).error
    assert "did not start" in error
    assert "no_such_setting" in error


def test_missing_wheel() -> None:
    with pytest.raises(EmbeddedPostgresError, match="pip install"):
        find_binaries("no_such_wheel")


@as_root
def test_full_disk(tmp_path: Path, join: Join) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "none", disk], check=False).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        assert "is full" in join(disk / "postgres").error
    finally:
        await_end(keeper_pid(disk / "postgres"))
        subprocess.run(["umount", disk], check=True)


def test_log_does_not_grow_without_bound(data_dir: Path) -> None:
    directory = DataDirectory(data_dir)
    directory.create()
    directory.log.write_bytes(b"old line\n" * (server_log.MAX_BYTES // 9 + 2) + b"last line\n")
    server_log.trim(directory)
    assert server_log.size(directory) <= server_log.KEPT_BYTES
    assert server_log.tail(directory).endswith("last line")
