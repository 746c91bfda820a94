"""Data folders, and users who join."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.embedded_server_users import Join, User, await_end_of_all


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "postgres"


@pytest.fixture
def join() -> Iterator[Join]:
    """Start users; afterwards all of them and their servers are gone."""
    users: list[tuple[User, Path]] = []

    def start(data_dir: Path, *arguments: Any, **options: Any) -> User:
        users.append((User(data_dir, *arguments, **options), data_dir))
        return users[-1][0]

    yield start
    for user, _ in users:
        user.kill()
        user.let_go()
    for data_dir in {data_dir for _, data_dir in users if (data_dir / "keeper.lock").exists()}:
        await_end_of_all(data_dir)


@pytest.fixture
def open_dir() -> Iterator[Path]:
    """A directory that every account of the system can reach, which `tmp_path` is not."""
    path = Path(tempfile.mkdtemp(dir="/tmp"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder whose path leaves room for a socket's."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        yield Path(folder)
