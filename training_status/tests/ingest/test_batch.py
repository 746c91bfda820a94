"""What a valid batch is: each wrong value is named with field and reason."""

import json

import pytest

from training_status.errors import InvalidInput, TooLarge
from training_status.ingest.batch import (
    EVENTS_MAX,
    MESSAGE_MAX_BYTES,
    METRICS_MAX_BYTES,
    RESULT_MAX_BYTES,
    read_batch,
)


def progress(**values):
    return {"n": 1, "type": "progress", "fraction": 0.5, **values}


def log(**values):
    return {"n": 1, "type": "log", "level": "INFO", "message": "m", **values}


def raw(*events, **batch) -> bytes:
    return json.dumps({"events": list(events), **batch}).encode()


def test_it_works():
    batch = read_batch(raw(progress(metrics={"f1": 0.7, "ok": True, "name": "x", "none": None})))
    assert batch.events[0].fraction == 0.5


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        (raw(progress(fraction=1.01)), "events[0].fraction", "<= 1.0"),
        (raw(progress(fraction=-0.01)), "events[0].fraction", ">= 0.0"),
        (raw(progress(fraction="0.5")), "events[0].fraction", "expected a number, got text"),
        (raw(progress(fraction=True)), "events[0].fraction", "expected a number, got true or false"),
        (raw({"n": 1, "type": "progress"}), "events[0].fraction", "is required"),
        (raw(progress(fractoin=1)), "events[0].fractoin", "not a known field"),
        (raw(progress(n=0)), "events[0].n", ">= 1"),
        (raw(progress(n=1.5)), "events[0].n", "whole number"),
        (raw(progress(n=2**63)), "events[0].n", ""),
        (raw({"n": 1, "type": "phase", "phase": "loading"}), "events[0].phase", "must be one of initialization"),
        (raw({"n": 1, "type": "boom"}), "events[0].type", "invalid value"),
        (raw(log(level="FATAL")), "events[0].level", "DEBUG, INFO, WARNING, ERROR, CRITICAL"),
        (raw(log(timestamp="2026-01-20T15:05:00")), "events[0].timestamp", "timezone"),
        (raw(log(timestamp="yesterday")), "events[0].timestamp", ""),
        (raw(log(timestamp="0001-01-01T00:00:00+14:00")), "events[0].timestamp", "years 1 to 9999"),
        (raw(sent_at="2026-01-20T15:05:00"), "sent_at", "timezone"),
        (raw(source="me"), "source", "UUID"),
        (raw(log(message="a\0b")), "events[0].message", "NUL"),
        (raw(progress(metrics={"a\0": 1})), "events[0].metrics", "NUL"),
        (raw(progress(metrics={"f1": [0.7]})), "events[0].metrics.f1", "must be null"),
        (raw(progress(metrics={"f1": 10**400})), "events[0].metrics.f1", "beyond double"),
        (raw({"n": 1, "type": "complete", "result": {"a": {"b": 10**400}}}), "events[0].result.a.b", "beyond double"),
        (raw({"n": 1, "type": "complete", "result": []}), "events[0].result", "an object"),
        (raw({"n": 1, "type": "complete"}, log(n=2)), "events[1]", "after the end of the run"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_named_with_its_reason(body, field, words):
    with pytest.raises(InvalidInput) as caught:
        read_batch(body)
    assert caught.value.field == field
    assert field in caught.value.detail
    assert words in caught.value.detail


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "not valid JSON"),
        (b"{", "not valid JSON"),
        (b"[]", "expected an object, got a list"),
        (raw(log())[:-1], "not valid JSON"),
        (b'{"events":[{"n":1,"type":"progress","fraction":NaN}]}', "not valid JSON"),
        (b'{"events":[{"n":1,"type":"log","level":"INFO","message":"\xff"}]}', "not UTF-8"),
        (b'{"events":[{"n":1,"type":"log","level":"INFO","message":"\\ud800"}]}', "lone surrogate"),
        (b'{"events":[{"n":1,"type":"log","level":"INFO","message":"\\udc00 x"}]}', "lone surrogate"),
        (b'{"events":[{"n":1,"type":"progress","fraction":0,"metrics":{"a":1e400}}]}', "out of range"),
        (b'{"events":[{"n":1,"type":"complete","result":{"a":' + b"[" * 5000 + b"]" * 5000 + b"}}]}", "too deeply"),
        (b'{"events":[{"n":1,"type":"complete","result":{"a":' + b"[" * 200 + b"]" * 200 + b"}}]}", "100 levels"),
        (b'{"events":[{"n":' + b"9" * 5000 + b',"type":"log","level":"INFO","message":""}]}', "out of range"),
    ],
)
def test_a_body_that_cannot_be_read_says_why(body, words):
    with pytest.raises(InvalidInput) as caught:
        read_batch(body)
    assert words in caught.value.detail


def test_an_escaped_backslash_before_u0000_is_text():
    assert read_batch(raw(log(message="\\u0000"))).events[0].message == "\\u0000"


def test_a_thousand_events_are_taken_and_one_more_is_not():
    many = [log(n=n) for n in range(1, EVENTS_MAX + 2)]
    assert len(read_batch(raw(*many[:-1])).events) == EVENTS_MAX
    with pytest.raises(TooLarge):
        read_batch(raw(*many))


@pytest.mark.parametrize("letter", ["a", "ü", "\U0001f600"], ids=["1 byte", "2 bytes", "4 bytes"])
def test_a_message_is_measured_in_utf8_bytes(letter):
    most = letter * (MESSAGE_MAX_BYTES // len(letter.encode()))
    assert read_batch(raw(log(message=most))).events[0].message == most
    with pytest.raises(InvalidInput) as caught:
        read_batch(raw(log(message=most + letter)))
    assert caught.value.field == "events[0].message"
    with pytest.raises(InvalidInput):
        read_batch(raw({"n": 1, "type": "fail", "error": most + letter}))


def test_metrics_and_result_are_measured_as_compact_json():
    def fits(size: int) -> dict[str, str]:
        return {"a": "x" * (size - len('{"a":""}'))}

    read_batch(raw(progress(metrics=fits(METRICS_MAX_BYTES))))
    read_batch(raw({"n": 1, "type": "complete", "result": fits(RESULT_MAX_BYTES)}))
    with pytest.raises(InvalidInput):
        read_batch(raw(progress(metrics=fits(METRICS_MAX_BYTES + 1))))
    with pytest.raises(InvalidInput):
        read_batch(raw({"n": 1, "type": "complete", "result": fits(RESULT_MAX_BYTES + 1)}))
