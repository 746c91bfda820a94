"""Values of the system before, as they can be stored."""

from datetime import UTC, datetime

import pytest

from training_status.ingest.batch import METRICS_MAX_BYTES
from training_status.operations.neo4j_import.plain_values import (
    cut_text,
    plain_metrics,
    plain_text,
    read_percent,
    read_time,
)

NOW = datetime(2026, 1, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2025-12-05T14:30:01.123456789Z", datetime(2025, 12, 5, 14, 30, 1, 123456, UTC)),
        ("2025-12-05T14:30Z", datetime(2025, 12, 5, 14, 30, tzinfo=UTC)),
        ("2025-12-05T14:30:01.5+01:00[Europe/Berlin]", datetime(2025, 12, 5, 13, 30, 1, 500000, UTC)),
        ("2025-12-05T14:30Z[UTC]", datetime(2025, 12, 5, 14, 30, tzinfo=UTC)),
        ("2025-12-05T14:30:01.250000", datetime(2025, 12, 5, 14, 30, 1, 250000, UTC)),
        ("2025-12-05T14:30:01+00:00", datetime(2025, 12, 5, 14, 30, 1, tzinfo=UTC)),
        ("2025-12-05 14:30:01", datetime(2025, 12, 5, 14, 30, 1, tzinfo=UTC)),
        ("2026-01-20T00:00:00.000001Z", None),
        ("+10000-01-01T00:00Z", None),
        ("0001-01-01T00:00+01:00", None),
        ("yesterday", None),
        ("", None),
        (1764945001, None),
        ({"year": 2025}, None),
        (None, None),
    ],
)
def test_times(written, meant):
    assert read_time(written, NOW) == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (35.5, (35.5, True)),
        (0, (0.0, True)),
        ("35.5", (35.5, True)),
        (None, (None, True)),
        (-1, (0.0, False)),
        (101, (100.0, False)),
        (float("nan"), (None, False)),
        (10**400, (None, False)),
        ("half", (None, False)),
        (True, (None, False)),
        ([], (None, False)),
    ],
)
def test_percentages(written, meant):
    assert read_percent(written) == meant


def test_text_without_what_cannot_be_stored():
    assert plain_text("a\0b") == "a\ufffdb"
    assert plain_text("a\ud83db") == "a\ufffdb"
    assert plain_text("a\ud83d\ude00b") == "a😀b"


def test_text_is_cut_between_characters_and_says_so():
    assert cut_text("é" * 50, 100) == "é" * 50
    cut = cut_text("😀" * 100, 101)
    assert len(cut.encode()) <= 101
    assert cut.endswith("😀… [cut: 100 characters in all]")


@pytest.mark.parametrize(
    ("metrics", "plain"),
    [
        ({"a": 1, "b": None, "c": True, "d": "x"}, {"a": 1, "b": None, "c": True, "d": "x"}),
        ({"a": {"b": [1, "\0"]}}, {"a": '{"b":[1,"\ufffd"]}'}),
        ({"a": float("nan"), "b": float("-inf")}, {"a": None, "b": None}),
        ({"a": 10**309}, {"a": "1" + "0" * 309}),
        ({"a\0": 1}, {"a\ufffd": 1}),
    ],
)
def test_metrics(metrics, plain):
    assert plain_metrics(metrics) == (plain, metrics == plain)


def test_metrics_that_are_too_large_lose_the_last():
    kept, is_as_written = plain_metrics({str(number): "x" * 1000 for number in range(20)})
    assert list(kept) == [str(number) for number in range(16)]
    assert not is_as_written
    assert sum(len(value) for value in kept.values()) < METRICS_MAX_BYTES
