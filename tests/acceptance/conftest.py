"""The services under test, their clients by role, and a fresh domain for every test."""

import logging
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.domains import create_domain
from tests.support.live_viewers import SseViewer, Viewer
from tests.support.own_database import Database
from tests.support.running_service import Service, serve
from tests.support.runs import Run
from tests.support.stream_viewers import FACES, Audience

logging.getLogger("httpx").setLevel(logging.WARNING)


@pytest.fixture(scope="session")
def service() -> Iterator[Service]:
    """A service with the settings it comes with."""
    yield from serve()


@pytest.fixture(scope="session")
def impatient_service() -> Iterator[Service]:
    """A service that calls a run stalled after a second and hanging after three.

    It is open to anonymous readers and to the pages of one other origin.
    """
    yield from serve(
        AEGIS_STALL_LIMIT_S="1",
        AEGIS_HANG_LIMIT_S="3",
        AEGIS_ANONYMOUS_ROLE="viewer",
        AEGIS_CORS_ORIGINS="https://pages.example",
    )


@pytest.fixture
def own_service() -> Iterator[Service]:
    """A service that the test may kill."""
    yield from serve()


@pytest.fixture(scope="session")
def operator(service: Service) -> httpx.Client:
    return service.client(service.token("operator"))


@pytest.fixture(scope="session")
def reporter(service: Service) -> httpx.Client:
    return service.client(service.token("reporter"))


@pytest.fixture(scope="session")
def viewer(service: Service) -> httpx.Client:
    return service.client(service.token("viewer"))


@pytest.fixture(scope="session")
def nobody(service: Service) -> httpx.Client:
    return service.client()


@pytest.fixture
def audience(service: Service) -> Iterator[Audience]:
    """Opens viewers of the service's streams."""
    with Audience(service, service.token("viewer")) as viewers:
        yield viewers


@pytest.fixture
def strangers(service: Service) -> Iterator[Audience]:
    """Viewers who bring no credentials but those that they are given one by one."""
    with Audience(service, None) as viewers:
        yield viewers


@pytest.fixture(params=FACES)
def watch(request: pytest.FixtureRequest, audience: Audience) -> Callable[..., Viewer]:
    """A function that opens a viewer of a domain, by each of the two ways in turn."""
    return partial(FACES[request.param], audience)


@pytest.fixture
def sse(audience: Audience) -> Callable[..., SseViewer]:
    """A function that opens a viewer of a domain, or of all domains (None), by Server-Sent Events."""
    return audience.sse


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A database that the test may stop."""
    own = Database(tmp_path / "postgres")
    own.start()
    yield own
    own.stop()


@pytest.fixture
def new_domain(operator: httpx.Client) -> Callable[[], str]:
    """A function that creates a domain and returns its name."""

    def make() -> str:
        return create_domain(operator)

    return make


@pytest.fixture
def domain(new_domain: Callable[[], str]) -> str:
    return new_domain()


@pytest.fixture
def start(operator: httpx.Client, domain: str) -> Callable[..., Run]:
    """A function that starts a run of `domain`."""

    def make(**fields: Any) -> Run:
        return Run(operator, domain, **fields)

    return make


@pytest.fixture
def run(start: Callable[..., Run]) -> Run:
    return start()
