"""Tokens: shown once, found by prefix, proved by hash."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from rest_framework.test import APIClient

from tests.support.factories import DomainFactory, TrainingRunFactory
from training_status.access.tokens import create_token, principal_of_token
from training_status.models import AccessToken

pytestmark = pytest.mark.django_db

API = "/api/v1/admin"


def test_it_works():
    domain = DomainFactory()
    row, token = create_token("nightly", "reporter", domain=domain)
    principal = principal_of_token(token)
    assert (principal.name, principal.role, principal.only_domain_id) == ("nightly", "reporter", domain.id)
    assert row.secret_sha256 not in token


def test_no_secret_is_stored_or_shown():
    row, token = create_token("nightly", "viewer")
    secret = token.split("_", 2)[2]
    assert secret not in str({**row.__dict__, "text": str(row)})


def test_one_query_a_request_and_its_use_noted_once_a_minute(django_assert_num_queries):
    row, token = create_token("nightly", "viewer")
    principal_of_token(token)
    first = AccessToken.objects.get(id=row.id).last_used_at
    with django_assert_num_queries(1):
        principal_of_token(token)
    with time_machine.travel(timezone.now() + timedelta(seconds=61)):
        principal_of_token(token)
    assert AccessToken.objects.get(id=row.id).last_used_at > first


def test_an_expired_or_revoked_token_is_none():
    row, token = create_token("nightly", "viewer", expires_at=timezone.now() + timedelta(days=1))
    assert principal_of_token(token)
    with time_machine.travel(timezone.now() + timedelta(days=1)):
        assert principal_of_token(token) is None
    AccessToken.objects.filter(id=row.id).update(revoked_at=timezone.now())
    assert principal_of_token(token) is None


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Basic abc",
        "bearer aegis_AAAAAAAA_" + "A" * 43,
        "Bearer \xff\x00",
        "é" * 5000,
    ],
)
def test_a_garbled_header_is_401(header):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=header)
    response = client.get(f"{API}/domains")
    assert response.status_code == 401
    assert response["WWW-Authenticate"].startswith("Bearer")


def test_the_right_prefix_with_a_wrong_secret_is_401():
    _, token = create_token("nightly", "viewer")
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token[:-1]}{'A' if token[-1] != 'A' else 'B'}")
    assert client.get(f"{API}/domains").status_code == 401


def test_a_bound_token_knows_no_other_domain(client_of):
    own, other = TrainingRunFactory(completed=True), TrainingRunFactory(completed=True)
    client = client_of("operator", own.domain)
    assert [item["name"] for item in client.get(f"{API}/domains").json()["items"]] == [own.domain.name]
    assert client.get(f"{API}/domains").json()["total"] == 1
    name, run_id = other.domain.name, other.public_id
    for method, path in [
        ("get", f"domains/{name}"),
        ("patch", f"domains/{name}"),
        ("delete", f"domains/{name}"),
        ("get", f"domains/{name}/training-status"),
        ("get", f"domains/{name}/training-logs"),
        ("get", f"domains/{name}/training-logs/download"),
        ("get", f"domains/{name}/training-runs"),
        ("post", f"domains/{name}/training-runs"),
        ("get", f"domains/{name}/training-runs/{other.run_number}"),
        ("get", f"training-runs/{run_id}"),
        ("patch", f"training-runs/{run_id}"),
        ("delete", f"training-runs/{run_id}"),
        ("get", f"training-runs/{run_id}/result"),
        ("post", f"training-runs/{run_id}/cancel"),
        ("post", f"training-runs/{run_id}/heartbeat"),
    ]:
        response = client.generic(method.upper(), f"{API}/{path}", b"{}", content_type="application/json")
        assert response.status_code == 404, (method, path)
    events = client.post(f"{API}/training-runs/{run_id}/events", b'{"events": []}', content_type="application/json")
    assert events.status_code == 404
    create = client.post(
        f"{API}/domains", b'{"name": "new_one", "description": "A new one."}', content_type="application/json"
    )
    assert create.status_code == 403
