"""The ways in which the embedded database can be gone while the service goes on."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.database_outage import LIMIT_S, Served
from tests.support.running_service import Service, await_until


class Embedded(Served):
    """A service with the embedded database."""

    @property
    def folder(self) -> Path:
        return self.service.data_dir / "postgresql"

    def postmaster(self) -> int:
        return int((self.folder / "cluster" / "postmaster.pid").read_text().split()[0])

    def kill(self) -> None:
        """The server is gone at once, without a word."""
        os.kill(self.postmaster(), signal.SIGKILL)


@pytest.fixture
def embedded() -> Iterator[Embedded]:
    service = Service()
    if "DATABASE_URL" in os.environ:
        pytest.skip("the tests run on another database")
    service.start()
    yield Embedded(service)
    service.stop()


def test_killed(embedded: Embedded) -> None:
    embedded.use_every_thread()
    embedded.kill()
    embedded.assert_back()


def test_a_configuration_that_it_cannot_start_with(embedded: Embedded) -> None:
    embedded.use_every_thread()
    configuration = embedded.folder / "cluster" / "postgresql.conf"
    right = configuration.read_text()
    configuration.write_text(right + "\nno_such_setting = 1\n")
    embedded.kill()
    await_until(lambda: embedded.health().status_code == 503, LIMIT_S)
    embedded.assert_gone()
    embedded.assert_gone()
    configuration.write_text(right)
    embedded.assert_back()
    assert any("postgresql.conf has an error" in line for line in embedded.service.said)


def test_a_folder_that_was_moved_away(embedded: Embedded) -> None:
    embedded.use_every_thread()
    elsewhere = embedded.folder.with_name("elsewhere")
    server = embedded.postmaster()
    embedded.folder.rename(elsewhere)
    os.kill(server, signal.SIGKILL)
    await_until(lambda: embedded.health().status_code == 503, LIMIT_S)
    embedded.assert_gone()
    assert not embedded.folder.exists()
    elsewhere.rename(embedded.folder)
    embedded.assert_back()


def test_a_first_start_that_fails_says_why(tmp_path: Path) -> None:
    """A file system with too little room for a database."""
    service = Service()
    disk = service.data_dir / "postgresql"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "none", disk], check=False).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        with pytest.raises(RuntimeError, match="disk is full"):
            service.start()
        assert "Traceback" not in "".join(service.said)
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)
        service.stop()
