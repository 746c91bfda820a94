"""Static files are sent compressed; nothing else is."""

import gzip
from pathlib import Path

import pytest
from django.test import Client

from training_status import dashboard

ADDRESS = "/static/dashboard/page.css"
CONTENT = (Path(dashboard.__file__).parents[1] / ADDRESS[1:]).read_bytes()


def test_for_whoever_accepts_it(client: Client) -> None:
    answer = client.get(ADDRESS, HTTP_ACCEPT_ENCODING="gzip, br")
    sent = answer.getvalue()
    assert answer["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in answer["Vary"]
    assert len(sent) < len(CONTENT) / 2
    assert gzip.decompress(sent) == CONTENT


def test_for_others_it_is_as_it_is(client: Client) -> None:
    answer = client.get(ADDRESS)
    assert not answer.has_header("Content-Encoding")
    assert answer.getvalue() == CONTENT
    part = client.get(ADDRESS, HTTP_ACCEPT_ENCODING="gzip", HTTP_RANGE="bytes=10-19")
    assert part.status_code == 206
    assert part.getvalue() == CONTENT[10:20]


@pytest.mark.django_db
def test_pages_are_not(client: Client) -> None:
    assert not client.get("/sign-in", HTTP_ACCEPT_ENCODING="gzip").has_header("Content-Encoding")
