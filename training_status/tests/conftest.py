"""Fixtures for tests inside the process: API clients by role."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import override_settings
from rest_framework.test import APIClient

from training_status.access.tokens import create_token
from training_status.change_notifications import notify
from training_status.models import Domain

ApiClient = Callable[..., APIClient]


@pytest.fixture(scope="session", autouse=True)
def no_publisher_left(django_db_setup: None) -> Iterator[None]:
    """End the connection of the thread that sends wake-ups before the test database is removed."""
    yield
    notify.close()


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """Hash passwords quickly: Django's hasher is slow by intention, 0.25 s for each user and each sign-in."""
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture(autouse=True)
def nothing_left_to_say(request: pytest.FixtureRequest) -> Iterator[None]:
    """What a test has committed is announced before the test loses its database, if it has one."""
    if "_django_db_helper" in request.fixturenames or request.node.get_closest_marker("django_db"):
        request.getfixturevalue("_django_db_helper")
    yield
    notify.close()


@pytest.fixture
def client_of(db: Any) -> ApiClient:
    """`client_of("viewer")`: an API client with a token of that role, bound to `domain` if one is given."""

    def make(role: str, domain: Domain | None = None) -> APIClient:
        _, token = create_token("a test", role, domain=domain)
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
        return client

    return make


@pytest.fixture
def viewer(client_of: ApiClient) -> APIClient:
    return client_of("viewer")


@pytest.fixture
def reporter(client_of: ApiClient) -> APIClient:
    return client_of("reporter")


@pytest.fixture
def operator(client_of: ApiClient) -> APIClient:
    return client_of("operator")
