"""The reader of Server-Sent Events: as the standard says, however the bytes come."""

import pytest
from aegis_tracker.event_stream import MESSAGE_MAX_BYTES, EventStreamParser, Message

STREAM = (
    "\ufeffretry: 1500\n: hello\n\n"
    "id: 1.1\ndata: {1}\n\nid:1.2\r\ndata:  é\r\n\r\n"
    "data: of no id\ndata: in two lines\n\ndata\r\revent: other\nid: 1.end\ndata: :\n\nid: 1.end.7\n\n"
).encode()
MESSAGES = [
    Message("{1}", "1.1"),
    Message(" é", "1.2"),
    Message("of no id\nin two lines", "1.2"),
    Message("", "1.2"),
    Message(":", "1.end"),
]


def test_every_way_of_cutting_the_bytes():
    for size in range(1, len(STREAM) + 1):
        parser = EventStreamParser()
        pieces = [STREAM[at : at + size] for at in range(0, len(STREAM), size)]
        assert [message for piece in pieces for message in parser.feed(piece)] == MESSAGES
        assert (parser.last_event_id, parser.retry_s) == ("1.end.7", 1.5)


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
