"""Static texts are compressed for those who can read that, and nothing else is."""

import gzip

import pytest

pytestmark = pytest.mark.django_db

SCRIPT = "/static/dashboard/js/run_page.js"


def content(response):
    whole = b"".join(response)
    response.close()
    return whole


def test_a_script_is_compressed_for_a_browser(client):
    plain = client.get(SCRIPT)
    compressed = client.get(SCRIPT, headers={"Accept-Encoding": "gzip, br"})
    assert compressed["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in compressed["Vary"]
    body, whole = content(compressed), content(plain)
    assert len(body) < len(whole) / 2
    assert gzip.decompress(body) == whole


def test_who_does_not_ask_for_it_gets_it_plain(client):
    response = client.get(SCRIPT)
    assert "Content-Encoding" not in response
    response.close()


def test_a_page_with_secrets_is_never_compressed(client):
    assert "Content-Encoding" not in client.get("/sign-in", headers={"Accept-Encoding": "gzip"})
