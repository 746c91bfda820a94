"""A service to report to, and a tracker that reports to it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from aegis_tracker import AegisTrackerWarning, TrainingProgressTracker
from contract_server import ContractServer

TOKEN = "aegis_test_token"


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AEGIS_URL", "AEGIS_TOKEN", "AEGIS_SPOOL_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def service() -> Iterator[ContractServer]:
    with ContractServer(TOKEN) as server:
        yield server


@pytest.fixture
def spool_dir(tmp_path: Path) -> Path:
    return tmp_path / "spool"


@contextmanager
def said_once(match: str) -> Iterator[pytest.WarningsRecorder]:
    """What is done inside makes the tracker warn exactly once."""
    with pytest.warns(AegisTrackerWarning, match=match) as warned:
        yield warned
    assert len([one for one in warned if one.category is AegisTrackerWarning]) == 1


MakeTracker = Callable[..., TrainingProgressTracker]


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
