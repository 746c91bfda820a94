"""The service under test."""

from collections.abc import Iterator

import pytest

from tests.support.running_service import Service, serve


@pytest.fixture(scope="session")
def service() -> Iterator[Service]:
    """A service with the settings it comes with."""
    yield from serve()
