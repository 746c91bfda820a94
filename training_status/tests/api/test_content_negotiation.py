"""Accept headers that can be met are met, by every endpoint; those that cannot are refused with a problem."""

import pytest

from tests.support.factories import TrainingRunFactory
from tests.support.problems import assert_problem
from training_status.api.content_negotiation import media_range, quality_of

pytestmark = pytest.mark.django_db

API = "/api/v1/admin"
ANYTHING = [
    "",
    " , ,",
    "*/*",
    "*",
    "*/*;q=0.1",
    "application/*",
    "application/*+json",
    "application/json",
    "APPLICATION/JSON",
    "application/json; charset=utf-8",
    "application/json;indent=4;q=0.5",
    "application/problem+json",
    "application/problem+json; charset=utf-8",
    "application/json, application/problem+json",
    "text/html, application/problem+json;q=0.1",
    "text/csv;q=1, application/json;q=0.001",
    "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2",
    "application/json;q=high",
    "application/json;q=0.0, application/json;q=0.3",
]
NOTHING = [
    "text/csv",
    "text/html, image/*",
    "application/xml",
    "application/*+xml",
    "*/*;q=0",
    "application/json;q=0",
    "application/problem+json;q=0.000",
    "a",
    ";;;",
    "json",
]


@pytest.fixture
def run():
    return TrainingRunFactory(domain__name="medical", run_number=1)


@pytest.fixture
def paths(run):
    domain, own = f"{API}/domains/medical", f"{API}/training-runs/{run.public_id}"
    in_domain = [
        f"{domain}/training-{name}"
        for name in ("status", "logs", "logs/download", "history", "metrics", "runs", "runs/1")
    ]
    return [f"{API}/domains", domain, *in_domain, own, "/api/schema"]


def body_of(response) -> bytes:
    return b"".join(response) if response.streaming else response.content


@pytest.mark.parametrize("accept", ANYTHING)
def test_what_can_be_met(operator, run, paths, accept):
    for path in paths:
        response = operator.get(path, headers={"Accept": accept})
        assert (response.status_code, path) == (200, path)
        assert body_of(response) is not None
    export = f"{API}/training-runs/{run.public_id}/export"
    assert operator.head(export, headers={"Accept": accept}).status_code == 200


@pytest.mark.parametrize("accept", NOTHING)
def test_what_cannot_be_met(operator, run, paths, accept):
    for path in [*paths, f"{API}/training-runs/{run.public_id}/export"]:
        body = assert_problem(operator.get(path, headers={"Accept": accept}), 406)
        assert body["detail"].startswith("The response is application/")


@pytest.mark.parametrize("accept", ANYTHING)
def test_writing_and_deleting(operator, run, accept):
    said = {"headers": {"Accept": accept}, "content_type": "application/json"}
    path = f"{API}/training-runs/{run.public_id}"
    assert operator.patch(path, b'{"note": "x"}', **said).status_code == 200
    assert operator.post(f"{API}/stream-tickets", b'{"domain": "medical"}', **said).status_code == 201
    assert operator.post(f"{path}/heartbeat", **said).status_code == 200
    assert operator.post(f"{path}/events", b'{"events": [{"n": 1, "type": "complete"}]}', **said).status_code == 200
    assert operator.delete(path, **said).status_code == 204
    assert operator.delete(f"{API}/domains/medical", **said).status_code == 204


def test_deleting_is_refused_before_it_is_done(operator, run):
    assert_problem(operator.delete(f"{API}/domains/medical", headers={"Accept": "text/csv"}), 406)
    assert operator.get(f"{API}/domains/medical").status_code == 200


@pytest.mark.parametrize(
    ("query", "accept", "media_type"),
    [
        ("", "*/*", "application/x-ndjson"),
        ("", "application/x-ndjson", "application/x-ndjson"),
        ("", "application/problem+json", "application/x-ndjson"),
        ("", "text/plain", "text/plain"),
        ("", "text/*", "text/plain"),
        ("", "application/json, text/plain, */*", "application/x-ndjson"),
        ("", "application/x-ndjson;q=0.5, text/plain", "text/plain"),
        ("", "application/x-ndjson;q=0, */*", "text/plain"),
        ("?format=text", "application/problem+json", "text/plain"),
        ("?format=text", "application/x-ndjson", "text/plain"),
        ("?format=ndjson", "text/plain", "application/x-ndjson"),
    ],
)
def test_the_form_of_a_downloaded_log(viewer, run, query, accept, media_type):
    response = viewer.get(f"{API}/domains/medical/training-logs/download{query}", headers={"Accept": accept})
    assert response.status_code == 200
    assert response["Content-Type"].split(";")[0] == media_type
    assert "Accept" in response["Vary"]
    response.close()


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [("", "application/x-ndjson"), ("application/json", "application/x-ndjson"), ("text/plain", "text/plain")],
)
def test_the_form_of_an_exported_run(operator, run, accept, content_type):
    response = operator.head(f"{API}/training-runs/{run.public_id}/export", headers={"Accept": accept})
    assert response["Content-Type"].split(";")[0] == content_type


@pytest.mark.parametrize(
    ("query", "accept", "is_json"),
    [
        ("", "*/*", False),
        ("", "", False),
        ("", "application/json", True),
        ("", "application/json,*/*", False),
        ("", "application/json, */*;q=0.9", True),
        ("", "application/vnd.oai.openapi+json;version=3.1", True),
        ("", "application/yaml", False),
        ("?format=json", "", True),
        ("?format=json", "text/html, */*;q=0.8", True),
    ],
)
def test_the_form_of_the_schema(viewer, query, accept, is_json):
    response = viewer.get(f"/api/schema{query}", headers={"Accept": accept})
    assert response.status_code == 200
    assert response.content.startswith(b"{") == is_json


def test_a_stranger_still_needs_credentials(client, run):
    assert_problem(client.delete(f"{API}/domains/medical", headers={"Accept": "application/problem+json"}), 401)


@pytest.mark.parametrize(
    ("accept", "quality"),
    [
        ("application/json;q=0.2, */*;q=0.8", 0.2),
        ("application/*;q=0.3, */*;q=0.8", 0.3),
        ("application/json;q=0, application/*", 0),
        ("text/html", None),
        ("application/json; x*=unknown''y; q = 0.4", 0.4),
        ("application/json;q=2", 1),
        ("application/json;q=nan", 1),
    ],
)
def test_the_closest_range_counts(accept, quality):
    assert quality_of("application/json", [media_range(part) for part in accept.split(",")]) == quality
