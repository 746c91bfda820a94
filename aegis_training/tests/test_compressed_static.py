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
    part = client.get(ADDRESS, HTTP_RANGE="bytes=10-19")
    assert part.status_code == 206
    assert part.getvalue() == CONTENT[10:20]
    for header in ("gzip;q=0", "br"):
        refused = client.get(ADDRESS, HTTP_ACCEPT_ENCODING=header)
        assert refused.getvalue() == CONTENT
        assert "Accept-Encoding" in refused["Vary"]


def test_no_part_is_added_to_what_may_be_something_else(client: Client) -> None:
    for headers in ({"HTTP_ACCEPT_ENCODING": "gzip"}, {"HTTP_IF_RANGE": '"another"'}):
        whole = client.get(ADDRESS, HTTP_RANGE="bytes=10-19", **headers)
        assert (whole.status_code, len(whole.getvalue()) > 10) == (200, True)


def test_who_has_it_compressed_gets_it_once(client: Client) -> None:
    answer = client.get(ADDRESS, HTTP_ACCEPT_ENCODING="gzip")
    answer.getvalue()
    assert answer["ETag"].startswith('W/"')
    for etag in (answer["ETag"], answer["ETag"].removeprefix("W/")):
        known = client.get(ADDRESS, HTTP_ACCEPT_ENCODING="gzip", HTTP_IF_NONE_MATCH=etag)
        assert (known.status_code, known.getvalue()) == (304, b""), etag


@pytest.mark.django_db
def test_pages_are_not(client: Client) -> None:
    assert not client.get("/sign-in", HTTP_ACCEPT_ENCODING="gzip").has_header("Content-Encoding")
