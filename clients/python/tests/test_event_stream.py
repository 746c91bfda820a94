"""Server-Sent Events, as `docs/event_stream.json` says, which the one of the pages and the SDK is held to as well."""

import json
from pathlib import Path
from typing import Any

import pytest
from aegis_tracker.event_stream import MESSAGE_MAX_BYTES, EventStreamParser, Message

TABLE = json.loads((Path(__file__).resolve().parents[3] / "docs" / "event_stream.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row["name"])
def test_the_messages_of_a_stream_however_its_bytes_are_cut(row: dict[str, Any]):
    stream = row["stream"].encode() if "stream" in row else bytes.fromhex(row["hex"])
    expected = [Message(message["data"], message["last_event_id"] or None) for message in row["messages"]]
    cuts = [[stream[:at], b"", stream[at:]] for at in range(len(stream) + 1)]
    for pieces in [*cuts, [bytes([byte]) for byte in stream]]:
        parser = EventStreamParser()
        assert [message for piece in pieces for message in parser.feed(piece)] == expected, pieces
        assert parser.last_event_id == (row["last_event_id"] or None)


def test_a_retry_is_understood():
    parser = EventStreamParser()
    parser.feed(b"retry: 1500\n")
    assert parser.retry_s == 1.5


@pytest.mark.parametrize("begun", [b"d", b"data: x", b"data: x\n", b"id: 1.2\n", b": c", b"id: 1.2\ndata: x\n"])
def test_what_has_no_end_does_not_count(begun: bytes):
    parser = EventStreamParser("1.1")
    assert parser.feed(begun) == []
    assert parser.last_event_id == "1.1"


def test_an_id_stays_until_another_comes():
    parser = EventStreamParser("1.1")
    assert parser.feed(b"data: x\n\n") == [Message("x", "1.1")]
    assert parser.feed(b"id\ndata: x\n\n") == [Message("x", None)]


@pytest.mark.parametrize("line", [b"id: 1\0", b"retry: soon", b"retry: \xc2\xb2", b"x: y", b"\xff"])
def test_what_cannot_be_used_is_passed_over(line: bytes):
    parser = EventStreamParser("1.1")
    assert parser.feed(line + b"\ndata: x\n\n") == [Message("x", "1.1")]
    assert parser.retry_s is None


@pytest.mark.parametrize("piece", [b"x" * 65536, b"data: " + b"x" * 65536 + b"\n"])
def test_a_message_without_end_is_given_up(piece: bytes):
    parser = EventStreamParser()

    def feed_on() -> None:
        for _ in range(2 * MESSAGE_MAX_BYTES // len(piece)):
            parser.feed(piece)

    with pytest.raises(ValueError, match="no end"):
        feed_on()


@pytest.mark.parametrize("digits", [400, 5000])
def test_a_wait_of_any_length_is_understood(digits: int):
    parser = EventStreamParser()
    assert parser.feed(b"retry: " + b"9" * digits + b"\ndata: x\n\n") == [Message("x", None)]
    assert parser.retry_s == float("inf")
