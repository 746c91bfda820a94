"""Django admin: to look at, and to revoke tokens with."""

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from training_status.access.tokens import caller_with_token, create_token
from training_status.ingest.batch import PhaseEvent
from training_status.models import AccessToken
from training_status.tests.factories import TrainingRunFactory, send

pytestmark = pytest.mark.django_db

PAGES = "/admin/training_status"


@pytest.fixture
def operator_browser() -> Client:
    """An operator by group, not a superuser."""
    person = User.objects.create_user("olga", password="a long password", is_staff=True)
    person.groups.add(Group.objects.get(name="operator"))
    browser = Client()
    browser.force_login(person)
    return browser


def test_an_operator_sees_everything_and_changes_nothing(operator_browser):
    run = TrainingRunFactory()
    send(run, PhaseEvent(n=1, phase="loading_data"))
    row, token = create_token("nightly", "viewer")
    for model, key in (("domain", run.domain_id), ("trainingrun", run.id), ("accesstoken", row.id)):
        assert operator_browser.get(f"{PAGES}/{model}/").status_code == 200
        page = operator_browser.get(f"{PAGES}/{model}/{key}/change/")
        assert page.status_code == 200
        assert b'name="_save"' not in page.content
        assert operator_browser.get(f"{PAGES}/{model}/add/").status_code == 403
        assert operator_browser.post(f"{PAGES}/{model}/{key}/delete/", {"post": "yes"}).status_code == 403
        assert row.secret_sha256.encode() not in page.content
        assert token.rpartition("_")[2].encode() not in page.content


def test_an_operator_revokes_tokens(operator_browser):
    row, token = create_token("nightly", "viewer")
    operator_browser.post(f"{PAGES}/accesstoken/", {"action": "revoke", "_selected_action": [row.id]})
    assert AccessToken.objects.get().revoked_at is not None
    assert caller_with_token(token) is None


def test_there_is_one_page_to_sign_in_at(client):
    assert client.get("/admin/")["Location"] == "/admin/login/?next=/admin/"
    assert client.get("/admin/login/?next=/admin/")["Location"] == "/sign-in?next=/admin/"


def test_a_viewer_on_the_staff_sees_nothing_there(client):
    person = User.objects.create_user("vera", password="a long password", is_staff=True)
    person.groups.add(Group.objects.get(name="viewer"))
    client.force_login(person)
    assert client.get(f"{PAGES}/trainingrun/").status_code == 403
