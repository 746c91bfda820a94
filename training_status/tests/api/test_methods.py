"""`Allow` is true, and a body that is not what it says it is gets 415."""

import gzip

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern

from tests.support.factories import TrainingRunFactory, send
from tests.support.problems import assert_problem
from training_status.api.urls import urlpatterns
from training_status.ingest.batch import LogEvent
from training_status.models import TrainingLogEntry

pytestmark = pytest.mark.django_db

API = "/api/v1/admin"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
KNOWN = [pattern for pattern in urlpatterns if "rest" not in str(pattern.pattern)]


@pytest.fixture
def run():
    run = TrainingRunFactory(domain__name="medical", run_number=1)
    send(run, LogEvent(n=1, level="INFO", message="m"))
    return run


def path_of(pattern: URLPattern, run) -> str:
    values = {"domain_name": "medical", "training_run_id": run.public_id, "run_number": 1}
    path = str(pattern.pattern)
    for name, value in values.items():
        path = path.replace(f"<str:{name}>", str(value))
    return f"{API}/{path}"


@pytest.mark.parametrize("pattern", KNOWN, ids=lambda pattern: str(pattern.pattern))
def test_405_lists_the_methods_that_there_are(operator, run, pattern):
    path = path_of(pattern, run)
    answers = {method: operator.generic(method, path) for method in METHODS if method != "DELETE"}
    answers["DELETE"] = operator.delete(path)
    for answer in answers.values():
        answer.close()  # or a download would keep its place
    refused = {method: answer for method, answer in answers.items() if answer.status_code == 405}
    for method, answer in refused.items():
        if method != "HEAD":
            assert_problem(answer, 405)
        assert set(answer["Allow"].split(", ")) == set(METHODS) - set(refused)


@pytest.mark.parametrize("path", ["/api/schema", "/docs", "/redoc"])
def test_405_of_what_describes_the_api(path):
    browser = Client()
    browser.force_login(User.objects.create_superuser("ada", password="a long password"))
    answers = {method: browser.generic(method, path) for method in METHODS}
    refused = {method: answer for method, answer in answers.items() if answer.status_code == 405}
    assert {"OPTIONS", "POST"} <= set(refused)
    for answer in refused.values():
        assert set(answer["Allow"].split(", ")) == set(METHODS) - set(refused)


@pytest.mark.parametrize("method", METHODS)
def test_what_is_not_there_has_no_methods(operator, method):
    assert operator.generic(method, f"{API}/nothing/here").status_code == 404


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "br", "deflate", "zstd", "x-unknown", "identity, gzip"])
@pytest.mark.parametrize("compress", [gzip.compress, bytes], ids=["compressed", "as it is"])
def test_a_body_in_a_content_coding(operator, run, coding, compress):
    for method, path, body in [
        ("POST", "domains", b'{"name": "legal", "description": "Long enough."}'),
        ("PATCH", "domains/medical", b'{"description": "Something else"}'),
        ("POST", "domains/medical/training-runs", b'{"note": "x"}'),
        ("PATCH", f"training-runs/{run.public_id}", b'{"note": "x"}'),
        ("POST", f"training-runs/{run.public_id}/events", b'{"events": [{"n": 2, "type": "complete"}]}'),
        ("POST", f"training-runs/{run.public_id}/heartbeat", b"{}"),
        ("POST", f"training-runs/{run.public_id}/cancel", b"{}"),
        ("POST", "stream-tickets", b'{"domain": "medical"}'),
    ]:
        answer = operator.generic(
            method, f"{API}/{path}", compress(body), "application/json", headers={"Content-Encoding": coding}
        )
        problem = assert_problem(answer, 415)
        assert problem["code"] == "unsupported_content_encoding"
        assert coding.split()[-1] in problem["detail"]
        assert answer["Accept-Encoding"] == "identity"
    assert operator.get(f"{API}/domains").json()["total"] == 1
    assert operator.get(f"{API}/training-runs/{run.public_id}").json()["note"] == ""
    assert TrainingLogEntry.objects.count() == 1


@pytest.mark.parametrize("coding", ["identity", "", "Identity", ","])
def test_no_content_coding(operator, run, coding):
    answer = operator.patch(
        f"{API}/training-runs/{run.public_id}",
        b'{"note": "x"}',
        content_type="application/json",
        headers={"Content-Encoding": coding},
    )
    assert answer.json()["note"] == "x"


def test_a_coding_of_no_body_does_no_harm(operator, run):
    headers = {"Content-Encoding": "gzip"}
    assert operator.get(f"{API}/domains", headers=headers).status_code == 200
    assert operator.post(f"{API}/training-runs/{run.public_id}/heartbeat", headers=headers).status_code == 200
