"""Every error in one shape, by the contract's statuses; nothing of the inside reaches a client."""

import json
import logging

import pytest
from django.db import connection
from django.test import Client
from rest_framework.test import APIClient

from tests.support.factories import DomainFactory, TrainingRunFactory
from tests.support.problems import assert_problem

pytestmark = pytest.mark.django_db

API = "/api/v1/admin"


def post(client: APIClient, path: str, body: bytes, content_type: str = "application/json"):
    return client.post(f"{API}/{path}", body, content_type=content_type)


def test_404_unknown_path(viewer):
    assert_problem(viewer.get(f"{API}/nothing/here"), 404)
    assert_problem(viewer.post(f"{API}/nothing/here"), 404)
    assert_problem(viewer.get("/api/v2"), 404)


def test_401_unknown_path_for_a_stranger(client):
    assert_problem(client.get(f"{API}/nothing/here"), 401)


def test_405(viewer):
    response = viewer.put(f"{API}/domains", {})
    assert_problem(response, 405)
    assert "GET" in response["Allow"]


def test_406(viewer):
    assert_problem(viewer.get(f"{API}/domains", HTTP_ACCEPT="text/html"), 406)


def test_413_by_its_length(operator):
    assert_problem(post(operator, "domains", b" " * (4 * 1024 * 1024 + 1)), 413)


def test_415(operator):
    assert_problem(post(operator, "domains", b"{}", "text/plain"), 415)
    assert_problem(post(operator, "domains", b"a=b", "application/x-www-form-urlencoded"), 415)


def test_422_names_the_field(operator):
    body = assert_problem(post(operator, "domains", b'{"name": "A", "description": "Long enough."}'), 422)
    assert body["errors"][0]["field"] == "name"
    assert_problem(post(operator, "domains", b""), 422)
    assert_problem(post(operator, "domains", b"{"), 422)


def test_409_says_what_is_expected(reporter):
    run = TrainingRunFactory()
    events = {"events": [{"n": 5, "type": "log", "level": "INFO", "message": "m"}]}
    body = assert_problem(post(reporter, f"training-runs/{run.public_id}/events", json.dumps(events).encode()), 409)
    assert (body["code"], body["expected_n"]) == ("gap", 1)


@pytest.mark.parametrize(
    "name", ["a", "A", "1a", "a-b", "ä", "a" * 101, " medical", "medical ", "medical\n", "", "a\0", None, 5]
)
def test_bad_domain_names_create_nothing(operator, name):
    body = json.dumps({"name": name, "description": "Long enough."}).encode()
    assert_problem(post(operator, "domains", body), 422)
    assert operator.get(f"{API}/domains").json()["total"] == 0


@pytest.mark.parametrize("name", ["ab", "a" * 100, "a_1"])
def test_good_domain_names(operator, name):
    assert (
        post(operator, "domains", json.dumps({"name": name, "description": "Long enough."}).encode()).status_code == 201
    )


def test_a_name_cannot_be_changed(operator):
    domain = DomainFactory()
    response = operator.patch(f"{API}/domains/{domain.name}", b'{"name": "other"}', content_type="application/json")
    assert assert_problem(response, 422)["errors"][0]["field"] == "name"


def test_a_trailing_slash_answers_the_same(operator):
    first = operator.get(f"{API}/domains")
    assert operator.get(f"{API}/domains/").json() == first.json()
    assert post(operator, "domains/", b'{"name": "medical", "description": "Long enough."}').status_code == 201


def test_a_host_that_is_not_ours(viewer):
    response = viewer.get(f"{API}/domains", HTTP_HOST="evil.example")
    assert_problem(response, 422)


def test_an_unexpected_error_shows_nothing_of_the_inside(viewer, caplog):
    """A table that is gone is an error that nobody foresaw."""
    viewer.raise_request_exception = False
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE training_status_domain RENAME TO elsewhere")
    with caplog.at_level(logging.CRITICAL):
        response = viewer.get(f"{API}/domains")
    body = assert_problem(response, 500)
    assert "SELECT" not in response.content.decode()
    assert "training_status" not in response.content.decode()
    assert body["code"] == "internal_error"


def test_health(client):
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.post("/healthz").status_code == 405
    assert client.get("/healthz", HTTP_HOST="10.0.0.5:8000").status_code == 200  # as an orchestrator calls it


def test_a_page_that_is_not_there_is_a_page():
    assert Client().get("/nothing").headers["Content-Type"].startswith("text/html")
