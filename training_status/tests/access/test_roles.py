"""What each role may do, by token and by session."""

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from tests.support.factories import DomainFactory, TrainingRunFactory
from training_status.roles import ROLES

pytestmark = pytest.mark.django_db

API = "/api/v1/admin"
NEW_DOMAIN = {"name": "legal", "description": "Legal texts of all kinds."}

# What is asked for, and the lowest role that may.
REQUESTS = [
    ("get", "domains", None, "viewer"),
    ("post", "domains", NEW_DOMAIN, "operator"),
    ("get", "domains/medical", None, "viewer"),
    ("patch", "domains/medical", {}, "operator"),
    ("get", "domains/medical/training-status", None, "viewer"),
    ("get", "domains/medical/training-logs", None, "viewer"),
    ("get", "domains/medical/training-logs/download", None, "viewer"),
    ("get", "domains/medical/training-runs", None, "viewer"),
    ("post", "domains/medical/training-runs", {}, "reporter"),
    ("get", "domains/medical/training-runs/1", None, "viewer"),
    ("get", "training-runs/RUN", None, "viewer"),
    ("patch", "training-runs/RUN", {"note": "n"}, "reporter"),
    ("get", "training-runs/RUN/result", None, "viewer"),
    ("post", "training-runs/RUN/events", {"events": []}, "reporter"),
    ("post", "training-runs/RUN/heartbeat", None, "reporter"),
    ("post", "training-runs/RUN/cancel", None, "operator"),
    ("delete", "training-runs/DONE", None, "operator"),
    ("delete", "domains/old", None, "operator"),
]


@pytest.fixture
def paths():
    run = TrainingRunFactory(domain__name="medical", run_number=1, running=True, result={"prompts": {}})
    done = TrainingRunFactory(domain=run.domain, run_number=2, completed=True)
    DomainFactory(name="old")
    return lambda path: path.replace("RUN", str(run.public_id)).replace("DONE", str(done.public_id))


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(("method", "path", "body", "lowest"), REQUESTS)
def test_a_role_may_do_its_own_and_everything_below(client_of, paths, role, method, path, body, lowest):
    client = client_of(role)
    response = getattr(client, method)(f"{API}/{paths(path)}", body, format="json" if body is not None else None)
    if response.streaming:
        b"".join(response.streaming_content)  # a download has its place until it has been read
    if ROLES.index(role) >= ROLES.index(lowest):
        assert 200 <= response.status_code < 300
    else:
        assert response.status_code == 403
        assert response.json()["detail"] == "Your role does not allow this."


@pytest.mark.parametrize(("method", "path", "body", "lowest"), REQUESTS)
def test_without_credentials_everything_is_401(client, paths, method, path, body, lowest):
    response = getattr(client, method)(f"{API}/{paths(path)}")
    assert response.status_code == 401
    assert response["Content-Type"] == "application/problem+json"


def test_a_person_has_the_role_of_their_groups(paths):
    person = User.objects.create_user("ada", password="a long password")
    browser = Client()
    browser.force_login(person)
    assert browser.get(f"{API}/domains").status_code == 403
    person.groups.add(Group.objects.get(name="viewer"))
    assert browser.get(f"{API}/domains").status_code == 200
    assert browser.patch(f"{API}/domains/medical", {}, content_type="application/json").status_code == 403
    person.groups.add(Group.objects.get(name="operator"))
    assert browser.patch(f"{API}/domains/medical", {}, content_type="application/json").status_code == 200


def test_whoever_has_a_role_learns_which_methods_there_are(client_of, paths):
    for role in ROLES:
        assert client_of(role).options(f"{API}/domains").status_code == 405
        assert client_of(role).put(f"{API}/domains").status_code == 405


def test_a_session_needs_the_csrf_token_to_change_anything(paths):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(User.objects.create_superuser("root", password="a long password"))
    response = browser.patch(f"{API}/domains/medical", {}, content_type="application/json")
    assert response.status_code == 403
    assert "CSRF" in response.json()["detail"]


def test_reading_can_be_opened_to_everybody(client, paths, settings):
    settings.ANONYMOUS_ROLE = "viewer"
    assert client.get(f"{API}/domains/medical/training-status").status_code == 200
    assert client.get("/").status_code == 200
    somebody = Client()
    somebody.force_login(User.objects.create_user("bob", password="a long password"))
    assert somebody.get("/").status_code == 200
    assert somebody.get(f"{API}/domains").status_code == 200
    assert client.post(f"{API}/domains", NEW_DOMAIN, content_type="application/json").status_code == 401
    assert client.get(f"{API}/domains", headers={"Authorization": "Bearer wrong"}).status_code == 401
