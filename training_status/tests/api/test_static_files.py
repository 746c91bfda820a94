"""Static files: compressed once, kept for ever by names with a hash, and asked for every time by plain names."""

import gzip
import os
import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles.storage import staticfiles_storage
from django.test import Client

from training_status import dashboard

NAME = "dashboard/js/run_page.js"
PLAIN = "/static/dashboard/page.css"
CONTENT = (Path(dashboard.__file__).parents[1] / PLAIN[1:]).read_bytes()


@pytest.fixture
def other_release() -> Any:
    """The folder of a release that is not this one."""
    this_release: Any = staticfiles_storage
    folder = Path(this_release.location).with_name(f"other_{os.getpid()}")
    (folder / "dashboard").mkdir(parents=True)
    yield folder
    for file in (folder / "dashboard").iterdir():
        file.unlink()
    (folder / "dashboard").rmdir()
    folder.rmdir()


def test_a_name_with_a_hash_is_kept_for_ever(client: Client) -> None:
    address = staticfiles_storage.url(NAME)
    assert re.fullmatch(r"/static/dashboard/js/run_page\.[0-9a-f]{12}\.js", address)
    for encoding in ("gzip", "identity"):
        answer = client.get(address, HTTP_ACCEPT_ENCODING=encoding)
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.headers["Content-Type"].startswith("text/javascript")


def test_a_plain_name_is_asked_for_every_time(client: Client) -> None:
    answer = client.get(PLAIN)
    assert answer.headers["Cache-Control"] == "public, no-cache"
    assert answer.content == CONTENT
    known = client.get(PLAIN, HTTP_IF_NONE_MATCH=answer.headers["ETag"])
    assert (known.status_code, known.content) == (304, b"")


@pytest.mark.parametrize("header", ["gzip", "gzip, br", "*", "br;q=1, gzip;q=0.5", "GZIP", "x-gzip"])
def test_compressed_for_who_accepts_it(client: Client, header: str) -> None:
    answer = client.get(PLAIN, HTTP_ACCEPT_ENCODING=header)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in answer.headers["Vary"]
    assert int(answer.headers["Content-Length"]) == len(answer.content) < len(CONTENT) / 2
    assert gzip.decompress(answer.content) == CONTENT


@pytest.mark.parametrize("header", ["", "identity", "gzip;q=0", "br", "*;q=0", "gzip;q=0.1, identity;q=0.9", "gzipped"])
def test_as_it_is_for_others(client: Client, header: str) -> None:
    answer = client.get(PLAIN, HTTP_ACCEPT_ENCODING=header)
    assert "Content-Encoding" not in answer.headers
    assert "Accept-Encoding" in answer.headers["Vary"]
    assert answer.content == CONTENT


def test_no_part_is_added_to_what_may_be_something_else(client: Client) -> None:
    etag = client.get(PLAIN).headers["ETag"]
    assert etag.startswith("W/")
    for headers in ({"HTTP_ACCEPT_ENCODING": "gzip"}, {"HTTP_IF_RANGE": '"another"'}, {"HTTP_IF_RANGE": etag}):
        whole = client.get(PLAIN, HTTP_RANGE="bytes=10-19", **headers)
        assert (whole.status_code, len(whole.content) > 10) == (200, True)


@pytest.mark.parametrize(
    "path",
    [
        "/static/dashboard/js/run_page.0123456789ab.js",
        "/static/staticfiles.json",
        "/static/dashboard/page.css.gz",
        "/static/../secret_key.0123456789ab.js",
        "/static/%2e%2e/%2e%2e/dashboard/page.0123456789ab.css",
        "/static//etc/hosts.0123456789ab",
        "/static/dashboard",
    ],
)
@pytest.mark.django_db
def test_what_is_no_static_file(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert "no-cache" in answer.headers["Cache-Control"]


@pytest.mark.django_db
def test_a_file_of_another_release(client: Client, other_release: Path) -> None:
    hashed, plain = (other_release / "dashboard" / name for name in ("old.0123456789ab.js", "old.js"))
    for file in (hashed, plain):
        file.write_text("let old = 1;")
    answer = client.get(f"/static/dashboard/{hashed.name}")
    assert (answer.status_code, answer.content) == (200, b"let old = 1;")
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert client.get(f"/static/dashboard/{plain.name}").status_code == 404


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_it_can_only_be_read(client: Client, method: str) -> None:
    answer = getattr(client, method)(PLAIN)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")


@pytest.mark.django_db
def test_pages_are_not_compressed(client: Client) -> None:
    assert not client.get("/sign-in", HTTP_ACCEPT_ENCODING="gzip").has_header("Content-Encoding")


@pytest.mark.django_db
def test_a_page_names_only_what_can_be_kept(client: Client) -> None:
    names = re.findall(r'(?:src|href)="(/static/[^"]+)"', client.get("/sign-in").content.decode())
    assert len(names) > 2
    for name in names:
        assert "immutable" in client.get(name).headers["Cache-Control"], name
