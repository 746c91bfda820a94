"""A service to report to, and a tracker that reports to it."""

import fcntl
import os
import subprocess
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from aegis_tracker import TrainingProgressTracker
from support import no_locks
from support.contract_server import ContractServer
from support.trackers import MakeTracker
from support.trainings import TOKEN

IN_CONTAINER = ("unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc", "--kill-child")
AS_A_CHILD = ("sh", "-c", '"$@"; exit $?', "sh")  # the first process of a container cannot be killed from inside


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AEGIS_URL", "AEGIS_TOKEN", "AEGIS_SPOOL_DIR", "AEGIS_SEND_TEXTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--flock", default="", help="AEGIS_TEST_FLOCK for all processes; see no_locks.py, which gives it")


def pytest_configure(config: pytest.Config) -> None:
    if how := config.getoption("--flock"):  # what begins with AEGIS_ is not taken from outside
        os.environ["AEGIS_TEST_FLOCK"] = how
    config.addinivalue_line("markers", "needs_locks: skipped where files in tmp_path cannot be locked")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without locks only tests that have a spool can end differently."""
    if config.getoption("--flock"):
        with_a_spool = [item for item in items if "spool_dir" in getattr(item, "fixturenames", ())]
        config.hook.pytest_deselected(items=list(set(items) - set(with_a_spool)))
        items[:] = with_a_spool


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What a test has logged may hold lone surrogates, which cannot be sent from one of several test processes."""
    report = yield
    report.sections = [(name, text.encode(errors="backslashreplace").decode()) for name, text in report.sections]
    return report


@pytest.fixture(autouse=True)
def _locks_where_needed(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    if request.node.get_closest_marker("needs_locks") and (reason := _no_lock_in(tmp_path)):
        pytest.skip(reason)


def _no_lock_in(folder: Path) -> str | None:
    """Why a file there cannot be locked; None where a lock is seen to keep another one out."""
    with (folder / "lock").open("w") as one, (folder / "lock").open("w") as other:
        (folder / "lock").unlink()
        try:
            fcntl.flock(one, fcntl.LOCK_EX | fcntl.LOCK_NB)
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return None
        except OSError as error:
            return f"files in {folder} cannot be locked: {error}"
    return f"two locks of a file in {folder} are held at once"


@pytest.fixture(scope="session")
def no_locks_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For processes without locks: to be preloaded, see `no_locks.environment`."""
    reason = no_locks.missing()
    if reason and os.environ.get("CI") == "true":
        pytest.fail(f"CI must test without locks: {reason}")
    if reason:
        pytest.skip(reason)
    return no_locks.build(tmp_path_factory.mktemp("no_locks"))


@pytest.fixture
def container() -> tuple[str, ...]:
    """The command that runs another in a container: its processes have numbers of their own."""
    try:
        tried = subprocess.run([*IN_CONTAINER, "true"], capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("there is no `unshare` on PATH")
    if tried.returncode:
        pytest.skip(f"{' '.join(IN_CONTAINER)} true: {tried.stderr.strip()}")
    return (*IN_CONTAINER, *AS_A_CHILD)


@pytest.fixture
def service() -> Iterator[ContractServer]:
    with ContractServer(TOKEN) as server:
        yield server


@pytest.fixture
def spool_dir(tmp_path: Path) -> Path:
    return tmp_path / "spool"


@pytest.fixture
def make_tracker(service: ContractServer, spool_dir: Path) -> Iterator[MakeTracker]:
    """Trackers that report to `service`; closed at the end of the test."""
    made: list[TrainingProgressTracker] = []

    def make(domain: str = "medical", **arguments: object) -> TrainingProgressTracker:
        settings = {"url": service.url, "token": TOKEN, "spool_dir": spool_dir} | arguments
        made.append(TrainingProgressTracker(domain, **settings))
        return made[-1]

    yield make
    for tracker in made:
        tracker.close(timeout=0)
