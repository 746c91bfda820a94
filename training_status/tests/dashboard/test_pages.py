"""The pages: who sees them and what they say."""

import pytest
from django.contrib.auth.models import Group, User
from django.core.cache import cache
from django.test import Client

from tests.support.factories import DomainFactory, TrainingRunFactory, send
from training_status.ingest.batch import PhaseEvent, ProgressEvent
from training_status.templatetags.run_format import exact_value

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nobody_has_guessed() -> None:
    cache.clear()


@pytest.fixture
def browser() -> Client:
    person = User.objects.create_user("ada", password="a long password")
    person.groups.add(Group.objects.get(name="viewer"))
    browser = Client()
    browser.force_login(person)
    return browser


def test_a_stranger_is_sent_to_sign_in(client):
    for path in ("/", "/docs", "/redoc", "/redoc/script.js"):
        response = client.get(path)
        assert (response.status_code, response["Location"]) == (302, f"/sign-in?next={path}")
    assert client.get("/api/schema").status_code == 401


DOCUMENTATION = ("/docs", "/redoc", "/redoc/script.js", "/openapi.json", "/api/schema")


@pytest.mark.parametrize("path", DOCUMENTATION)
def test_the_documentation_takes_a_token_as_well_as_a_session(viewer, client, browser, path):
    by_token, by_session = viewer.get(path), browser.get(path)
    assert (by_token.status_code, by_session.status_code) == (200, 200)
    assert by_token["Cache-Control"] == by_session["Cache-Control"] == "private, no-cache"
    refused = client.get(path, headers={"Authorization": "Bearer nonsense"})
    assert (refused.status_code, refused["Content-Type"]) == (401, "application/problem+json")
    assert refused["WWW-Authenticate"].startswith("Bearer ")


def test_openapi_json_is_the_document_whatever_is_accepted(viewer):
    answer = viewer.get("/openapi.json", headers={"Accept": "*/*"})
    assert answer.json() == viewer.get("/api/schema?format=json").json()
    assert answer["Content-Type"].startswith("application/vnd.oai.openapi+json")
    assert viewer.get("/openapi.json/").status_code == 200


def test_the_form_with_a_slash_is_the_same_page(browser):
    for path in ("/docs/", "/redoc/", "/sign-in/", "/healthz/"):
        assert browser.get(path).status_code == 200
    assert browser.get("/admin").status_code == 301  # Django's own has its slash


def test_signing_in_leads_to_where_one_wanted_to_go(client):
    person = User.objects.create_user("ada", password="a long password")
    person.groups.add(Group.objects.get(name="viewer"))
    assert client.get("/sign-in").status_code == 200
    wrong = client.post("/sign-in", {"username": "ada", "password": "wrong"})
    assert b"Incorrect username or password" in wrong.content
    right = client.post("/sign-in", {"username": "ada", "password": "a long password", "next": "/docs"})
    assert (right.status_code, right["Location"]) == (302, "/docs")
    away = client.post("/sign-in", {"username": "ada", "password": "a long password", "next": "https://example.org/"})
    assert away["Location"] == "/"


def test_guessing_a_password_has_a_limit(client):
    User.objects.create_user("ada", password="a long password")
    for _ in range(10):
        assert client.post("/sign-in", {"username": "ada", "password": "wrong"}).status_code == 200
    right = {"username": "ada", "password": "a long password"}
    refused = client.post("/sign-in", right)
    assert (refused.status_code, refused["Retry-After"]) == (429, "300")
    assert b"Too many failed sign-in attempts" in refused.content
    assert client.post("/sign-in", right, REMOTE_ADDR="192.0.2.7").status_code == 302
    cache.clear()
    assert client.post("/sign-in", right).status_code == 302


def test_signing_out(browser):
    assert browser.post("/sign-out").status_code == 302
    assert browser.get("/").status_code == 302


def test_somebody_without_a_role_is_refused(client):
    client.force_login(User.objects.create_user("bob", password="a long password"))
    assert client.get("/").status_code == 403


def test_no_domain_yet(browser):
    page = browser.get("/").content.decode()
    assert "No domains yet" in page
    assert "from aegis_tracker import TrainingProgressTracker" in page


def test_domains_with_their_status(browser):
    DomainFactory(name="legal")
    run = TrainingRunFactory(domain__name="medical")
    send(
        run,
        PhaseEvent(n=1, phase="entity_extraction_optimization"),
        ProgressEvent(n=2, fraction=0.5, message="<img src=x onerror=alert(1)>", metrics={"entity_f1": 0.71}),
    )
    page = browser.get("/").content.decode()
    assert "never trained" in page
    assert 'aria-valuenow="27"' in page
    assert "entity extraction optimization" in page
    assert "entity f1 <b>0.71</b>" in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    assert "<img" not in page


def test_metrics_may_be_called_anything(browser):
    send(TrainingRunFactory(), ProgressEvent(n=1, fraction=0.5, metrics={"items": 3, "keys": None, "0": "x"}))
    page = browser.get("/").content.decode()
    assert "items <b>3</b>" in page
    assert "keys <b>–</b>" in page


def test_a_strict_content_security_policy_stands_on_every_page(browser):
    for path in ("/", "/sign-in", "/docs", "/redoc"):
        policy = browser.get(path)["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert ("'unsafe-inline'" in policy) == (path in ("/docs", "/redoc"))
        assert "unsafe-eval" not in policy


def test_the_docs_name_no_other_host(browser):
    for path in ("/docs", "/redoc"):
        page = browser.get(path).content.decode()
        assert "https://" not in page
        assert "http://" not in page
    assert b"cdn.redoc.ly" not in browser.get("/redoc/script.js").content


@pytest.mark.parametrize(
    ("value", "exact"), [(0.87654, "0.87654"), (0.99996, ""), (1234567, ""), (True, ""), ("0.87654", ""), (None, "")]
)
def test_the_exact_value_where_it_is_not_shown(value, exact):
    assert exact_value(value) == exact
