"""Which `Range` and `Accept-Encoding` headers mean what."""

from typing import Any

import pytest
from django.test import RequestFactory

from training_status.api.accept_encoding import prefers_gzip
from training_status.api.byte_range import ByteRange, RangeNotSatisfiable, wanted_range


@pytest.mark.parametrize(
    ("header", "begin", "stop"),
    [
        ("bytes=0-", 0, 10),
        ("bytes=0-0", 0, 1),
        ("bytes=3-5", 3, 6),
        ("bytes=9-", 9, 10),
        ("bytes=5-999999999999999999", 5, 10),
        ("bytes=-3", 7, 10),
        ("bytes=-99", 0, 10),
        ("Bytes = 3-5", 3, 6),
    ],
)
def test_a_range(header: str, begin: int, stop: int) -> None:
    wanted = ByteRange.parse(header)
    assert wanted is not None
    assert wanted.within(10) == (begin, stop)


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=10-20", "bytes=-0", "bytes=99-"])
def test_a_range_of_nothing(header: str) -> None:
    wanted = ByteRange.parse(header)
    assert wanted is not None
    with pytest.raises(RangeNotSatisfiable) as refused:
        wanted.within(10)
    assert refused.value.length == 10


@pytest.mark.parametrize(
    "header",
    [
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=5-2",
        "bytes=a-b",
        "bytes=0-1,3-4",
        "lines=0-1",
        "bytes=-1-2",
        "bytes=٣-",
    ],
)
def test_what_is_no_range_is_ignored(header: str) -> None:
    assert ByteRange.parse(header) is None


@pytest.mark.parametrize(
    ("condition", "without_validator", "is_wanted"),
    [
        (None, True, True),
        (None, False, False),
        ('"a"', False, True),
        ('"b"', True, False),
        ('W/"a"', True, False),
        ("Fri, 27 Nov 2026 21:26:19 GMT", True, False),
    ],
)
def test_a_range_of_another_body_is_not_wanted(
    condition: str | None, *, without_validator: bool, is_wanted: bool
) -> None:
    headers: Any = {"range": "bytes=1-", **({"if-range": condition} if condition else {})}
    request = RequestFactory(headers=headers)
    found = wanted_range(request.get("/"), '"a"', without_validator=without_validator)
    assert (found is not None) == is_wanted
    assert wanted_range(request.head("/"), '"a"', without_validator=without_validator) is None


@pytest.mark.parametrize(
    ("header", "is_gzip"),
    [
        ("gzip", True),
        ("GZIP", True),
        ("x-gzip", True),
        ("deflate, gzip;q=1.0, *;q=0.5", True),
        ("*", True),
        ("br;q=1.0, gzip; q=0.8", True),
        ("gzip;q=0.5, identity", False),
        ("gzip;q=0", False),
        ("gzip;q=0.0, *", False),
        ("*;q=0", False),
        ("identity", False),
        ("gzipped", False),
        ("gzip;q=much", False),
        ("", False),
    ],
)
def test_whether_gzip_is_wanted(header: str, *, is_gzip: bool) -> None:
    assert prefers_gzip(RequestFactory().get("/", headers={"accept-encoding": header})) == is_gzip
