"""`append_training_log_message`: what code inside the service may write into a log."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from tests.support.factories import TrainingRunFactory
from training_status.errors import InvalidInput
from training_status.ingest.events import append_training_log_message
from training_status.models import TrainingLogEntry

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 1, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "timestamp",
    [
        NOON,
        NOON.astimezone(timezone(timedelta(hours=5))),
        datetime(2026, 1, 20, 12),
        "2026-01-20T12:00:00Z",
        "2026-01-20T12:00:00",
        "2026-01-20T14:00:00+02:00",
        "2026-01-20 12:00:00.000000",
    ],
)
def test_a_time_is_a_datetime_or_iso_8601(timestamp):
    append_training_log_message(TrainingRunFactory(), timestamp, "INFO", "a line")
    assert TrainingLogEntry.objects.get().timestamp == NOON


@pytest.mark.parametrize(
    "timestamp",
    ["yesterday", "", "2026-13-01T00:00:00Z", 1768910400, None, date(2026, 1, 20), "0001-01-01T00:00:00+02:00"],
)
def test_another_time_is_refused_and_stores_nothing(timestamp):
    run = TrainingRunFactory()
    with pytest.raises(InvalidInput) as refused:
        append_training_log_message(run, timestamp, "INFO", "a line")
    assert refused.value.field == "timestamp"
    assert not TrainingLogEntry.objects.exists()


@pytest.mark.parametrize(
    ("message", "field", "reason"),
    [
        ({"message": "a\0b"}, "message", "contains a NUL character, which cannot be stored"),
        ({"message": "a\ud800b"}, "message", "contains a lone surrogate, which cannot be stored"),
        ({"message": "ä" * 33_000}, "message", "at most 65536"),
        ({"message": None}, "message", "must be text"),
        ({"message": b"bytes"}, "message", "must be text"),
        ({"level": "NOTICE"}, "level", "must be one of"),
        ({"level": 20}, "level", "must be text"),
        ({"step": "a\0b"}, "step", "contains a NUL character"),
        ({"step": "\udfff"}, "step", "contains a lone surrogate"),
        ({"step": "x" * 201}, "step", "at most 200"),
        ({"metrics": {"f1": "a\0"}}, "metrics.f1", "contains a NUL character"),
        ({"metrics": {"f1": "\ud800"}}, "metrics.f1", "contains a lone surrogate"),
        ({"metrics": {"a\0": 1}}, "metrics", "contains a NUL character"),
        ({"metrics": {"\ud800": 1}}, "metrics", "contains a lone surrogate"),
        ({"metrics": {1: 1}}, "metrics", "must be text"),
        ({"metrics": {"f1": float("nan")}}, "metrics.f1", "must be a finite number"),
        ({"metrics": {"f1": float("inf")}}, "metrics.f1", "must be a finite number"),
        ({"metrics": {"f1": 10**400}}, "metrics.f1", "beyond double precision"),
        ({"metrics": {"f1": [1]}}, "metrics.f1", "must be null, true or false, text or a number"),
        ({"metrics": {"f1": NOON}}, "metrics.f1", "must be null, true or false, text or a number"),
        ({"metrics": [1]}, "metrics", "must be an object"),
        ({"metrics": {"text": "x" * 17_000}}, "metrics", "at most 16384"),
    ],
)
def test_what_an_event_may_not_have_is_refused_and_stores_nothing(message, field, reason):
    run = TrainingRunFactory()
    with pytest.raises(InvalidInput, match=reason) as refused:
        append_training_log_message(run, NOON, **{"level": "INFO", "message": "a line"} | message)
    assert refused.value.field == field
    assert not TrainingLogEntry.objects.exists()
