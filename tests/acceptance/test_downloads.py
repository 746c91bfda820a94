"""Files of the service as HTTP wants them: whole, in parts, compressed, or not at all where the client has them."""

import gzip
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.support.answers import ok, problem
from tests.support.running_service import Service
from tests.support.runs import Run, complete, log

LINES = 700
PLAIN = {"Accept-Encoding": "identity"}
GZIP = {"Accept-Encoding": "gzip"}

Ask = Callable[..., httpx.Response]


@pytest.fixture
def grown(run: Run) -> Run:
    """An active run with a log of several slices."""
    run.send(*[log(f"line {n} é🙂 {'x' * (n % 50)}", metrics={"n": n}) for n in range(1, LINES + 1)])
    return run


@pytest.fixture
def download(viewer: httpx.Client, grown: Run) -> Ask:
    """A function that asks for the log, not compressed."""

    def ask(method: str = "GET", headers: dict[str, str] | None = None, **parameters: Any) -> httpx.Response:
        address = f"/domains/{grown.domain}/training-logs/download"
        named = {"run": grown.number, **parameters}
        return viewer.request(method, address, params=named, headers={**PLAIN, **(headers or {})})

    return ask


FORMS = [{"format": form, "order": order} for form in ("ndjson", "text") for order in ("asc", "desc")]


@pytest.mark.parametrize("form", FORMS)
def test_a_download_goes_on_where_it_broke_off(download: Ask, grown: Run, form: dict[str, str]) -> None:
    """The log grows meanwhile, and nothing of it comes twice, is missing or is of another place."""
    whole = download(**form)
    etag = whole.headers["etag"]
    assert (whole.status_code, whole.headers["accept-ranges"], etag[0]) == (200, "bytes", '"')
    had = len(whole.content) // 3
    grown.send(log("later"))
    rest = download(headers={"Range": f"bytes={had}-", "If-Range": etag}, **form)
    assert rest.status_code == 206
    size = len(whole.content)
    assert rest.headers["content-range"] == f"bytes {had}-{size - 1}/{size}"
    assert (int(rest.headers["content-length"]), rest.headers["etag"]) == (size - had, etag)
    assert whole.content[:had] + rest.content == whole.content
    assert b"later" in download(**form).content


@pytest.mark.parametrize("form", FORMS)
def test_without_if_range_nothing_is_mixed(download: Ask, grown: Run, form: dict[str, str]) -> None:
    """Newest first, a log that may have grown is answered whole; oldest first it goes on with what has come since."""
    whole = download(**form).content
    grown.send(log("later"))
    rest = download(headers={"Range": "bytes=1000-"}, **form)
    if form["order"] == "asc":
        assert rest.status_code == 206
        assert (whole[:1000] + rest.content).startswith(whole)
    else:
        assert rest.status_code == 200
        assert rest.content.endswith(whole)
    grown.send(complete())
    ended = download(**form).content
    assert download(headers={"Range": "bytes=1000-"}, **form).content == ended[1000:]


def test_the_latest_run_may_be_another_one_meanwhile(viewer: httpx.Client, reporter: httpx.Client, grown: Run) -> None:
    """An address without `run` never gives a part of a log to whoever has begun with another run's."""
    address = f"/domains/{grown.domain}/training-logs/download"
    ranged = {**PLAIN, "Range": "bytes=100-"}
    grown.send(complete())
    Run(reporter, grown.domain).send(log("of another run" * 100), complete())
    for order in ("asc", "desc"):
        answer = viewer.get(address, params={"order": order}, headers=ranged)
        assert (answer.status_code, answer.content[:1]) == (200, b"{"), order
        named = viewer.get(address, params={"order": order, "run": grown.number}, headers=ranged)
        assert named.status_code == 206, order


def test_a_log_whose_beginning_was_removed_meanwhile(service: Service, download: Ask, grown: Run) -> None:
    """Without If-Range nobody can tell what the client has of it."""
    grown.send(complete())
    whole = download(order="asc")
    newest_first = download(order="desc")
    with service.connect_to_database() as database:
        database.execute(
            "UPDATE training_status_trainingrun SET first_seq = 301, info_count = info_count - 300"
            " WHERE public_id = %s",
            (grown.id,),
        )
        database.execute(
            "DELETE FROM training_status_traininglogentry WHERE seq <= 300 AND run_id ="
            " (SELECT id FROM training_status_trainingrun WHERE public_id = %s)",
            (grown.id,),
        )
    ranged = {"Range": "bytes=1000-"}
    for headers in (ranged, {**ranged, "If-Range": whole.headers["etag"]}):
        rest = download(order="asc", headers=headers)
        assert rest.status_code == 200
        assert whole.content.endswith(rest.content)
    kept = download(order="asc", after_seq=400, headers=ranged)
    assert kept.status_code == 206
    rest = download(order="desc", headers=ranged)  # the oldest come last
    assert rest.status_code == 206
    assert newest_first.content[1000:].startswith(rest.content)


def test_an_etag_of_something_else_gets_the_whole(download: Ask) -> None:
    etag = download(order="asc").headers["etag"]
    ranged = {"Range": "bytes=10-20"}
    assert download(headers={**ranged, "If-Range": etag}, order="asc").status_code == 206
    for parameters in (
        {"order": "desc"},
        {"format": "text"},
        {"search": "line 1"},
        {"after_seq": 5},
        {"level": "INFO"},
    ):
        other = {"order": "asc", **parameters}
        assert download(headers={**ranged, "If-Range": etag}, **other).status_code == 200, parameters
    for validator in (f"W/{etag}", '"other"', "Fri, 27 Nov 2026 21:26:19 GMT", etag.replace("-1-", "-2-")):
        assert download(headers={**ranged, "If-Range": validator}, order="asc").status_code == 200, validator


def test_ranges(download: Ask) -> None:
    whole = download(order="asc").content
    size = len(whole)
    for header, expected in (
        ("0-0", whole[:1]),
        ("5-9", whole[5:10]),
        ("-7", whole[-7:]),
        (f"{size - 1}-", whole[-1:]),
    ):
        part = download(headers={"Range": f"bytes={header}"}, order="asc")
        assert (part.status_code, part.content) == (206, expected), header
    refused = download(headers={"Range": f"bytes={size}-"}, order="asc")
    assert problem(refused, 416)["code"] == "range_not_satisfiable"
    assert refused.headers["content-range"] == f"bytes */{size}"
    for header in ("bytes=0-1,5-6", "bytes=9-5", "lines=1-2", "nonsense"):
        assert download(headers={"Range": header}, order="asc").status_code == 200, header


def test_who_has_it_is_told_so(download: Ask, grown: Run) -> None:
    etag = download().headers["etag"]
    for named in (etag, f"W/{etag}", f'"x", {etag}', "*"):
        answer = download(headers={"If-None-Match": named})
        assert (answer.status_code, answer.content) == (304, b""), named
        assert answer.headers["etag"] == etag
        assert "content-length" not in answer.headers
        assert answer.headers["cache-control"] == "private, no-cache"
        assert "Accept-Encoding" in answer.headers["vary"]
    assert problem(download(headers={"If-Match": '"x"'}), 412)
    grown.send(log("later"))
    assert download(headers={"If-None-Match": etag}).status_code == 200


def test_compressed(download: Ask) -> None:
    whole = download()
    packed = download(headers=GZIP)
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == whole.content  # httpx has unpacked it
    assert packed.headers["etag"] == f"W/{whole.headers['etag']}"
    assert "Accept-Encoding" in packed.headers["vary"]
    assert "Accept-Encoding" in whole.headers["vary"]
    assert download(headers={**GZIP, "If-None-Match": packed.headers["etag"]}).status_code == 304
    ranged = download(headers={**GZIP, "Range": "bytes=5-"}, order="asc")
    assert (ranged.status_code, ranged.headers["content-encoding"]) == (200, "gzip")
    kept = download(headers={**GZIP, "Range": "bytes=5-", "If-Range": whole.headers["etag"]})
    assert (kept.status_code, kept.content) == (206, whole.content[5:])
    assert "content-encoding" not in kept.headers


def test_the_head_of_a_download(download: Ask) -> None:
    for headers in (PLAIN, GZIP):
        got, head = download(headers=headers), download("HEAD", headers=headers)
        told = {name: value for name, value in got.headers.items() if name not in ("date", "transfer-encoding")}
        assert (head.status_code, head.content) == (200, b"")
        assert {name: value for name, value in head.headers.items() if name != "date"} == told
        assert "content-length" not in head.headers


def test_the_log_of_a_domain_that_was_never_trained(viewer: httpx.Client, domain: str) -> None:
    answer = viewer.get(f"/domains/{domain}/training-logs/download")
    assert (answer.status_code, answer.content) == (200, b"")
    address = f"/domains/{domain}/training-logs/download?order=asc"
    ranged = viewer.get(address, headers={**PLAIN, "Range": "bytes=-1"})
    assert (ranged.status_code, ranged.content) == (200, b"")
    ranged = viewer.get(address, headers={**PLAIN, "Range": "bytes=-1", "If-Range": answer.headers["etag"]})
    assert ranged.status_code == 200  # of the other order
    ranged = viewer.get(address, headers={**PLAIN, "Range": "bytes=-1", "If-Range": ranged.headers["etag"]})
    assert problem(ranged, 416)


def test_an_export(operator: httpx.Client, grown: Run) -> None:
    """Of a run that has ended, which its first line tells apart from what it was before."""
    address = f"{grown.path}/export"
    active = operator.get(address, headers=PLAIN)
    assert "etag" not in active.headers
    assert active.headers["accept-ranges"] == "none"
    grown.send(complete())
    whole = operator.get(address, headers=PLAIN)
    etag = whole.headers["etag"]
    rest = operator.get(address, headers={**PLAIN, "Range": "bytes=9000-", "If-Range": etag})
    assert (rest.status_code, rest.content) == (206, whole.content[9000:])
    assert operator.get(address, headers={**PLAIN, "Range": "bytes=9000-"}).status_code == 200
    assert operator.get(address, headers={"If-None-Match": etag}).status_code == 304
    assert operator.get(address, headers=GZIP).content == whole.content
    ok(operator.patch(grown.path, json={"note": "noted"}))
    noted = operator.get(address, headers={**PLAIN, "Range": "bytes=9000-", "If-Range": etag})
    assert (noted.status_code, noted.content == whole.content) == (200, False)
    assert operator.get(address, headers={"If-None-Match": etag}).status_code == 200


def test_the_schema(viewer: httpx.Client) -> None:
    address = httpx.URL(viewer.base_url).copy_with(path="/api/schema")
    whole = viewer.get(address, headers=PLAIN)
    etag = whole.headers["etag"]
    assert viewer.get(address, headers=PLAIN).headers["etag"] == etag
    assert viewer.get(address, headers={"If-None-Match": etag}).status_code == 304
    part = viewer.get(address, headers={**PLAIN, "Range": "bytes=5-9"})
    assert (part.status_code, part.content) == (206, whole.content[5:10])
    for headers in (PLAIN, GZIP):
        with viewer.stream("GET", address, headers=headers) as answer:
            raw = b"".join(answer.iter_raw())
        head = viewer.head(address, headers=headers)
        assert int(head.headers["content-length"]) == int(answer.headers["content-length"]) == len(raw)
    assert gzip.decompress(raw) == whole.content
    assert viewer.get(address, params={"format": "json"}).headers["etag"] not in (etag, f"W/{etag}")
