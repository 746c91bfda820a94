"""Browsers in which people of each role are signed in."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

PeopleBrowser = Callable[[str | None], Client]


@pytest.fixture
def browser_of(db: None) -> PeopleBrowser:
    """`browser_of("viewer")`; for None somebody without a role, for "superuser" one of those."""

    def make(role: str | None) -> Client:
        name = role or "nobody"
        person = User.objects.create_user(name, password="a long password", is_superuser=role == "superuser")
        if role not in (None, "superuser"):
            person.groups.add(Group.objects.get(name=role))
        browser = Client()
        browser.force_login(person)
        return browser

    return make


@pytest.fixture
def operator_browser(browser_of: PeopleBrowser) -> Client:
    """An operator by group, neither staff nor superuser."""
    return browser_of("operator")
