"""The reader that other tests rely on to see a forged field: it reads as the standard says, however the bytes come."""

import pytest

from tests.support.event_stream import EventStreamParser, Message

STREAM = (
    b"\xef\xbb\xbfretry: 500\n: hello\n\n"
    b"id: 1.1\ndata: {1}\n\nid:1.2\r\ndata:  \xc3\xa9\r\n\r\n"
    b"data\r\rid: 1.end\ndata: :\n\n"
)
MESSAGES = [Message("{1}", "1.1"), Message(" é", "1.2"), Message("", None), Message(":", "1.end")]


def test_every_way_of_cutting_the_bytes() -> None:
    for size in range(1, len(STREAM) + 1):
        parser = EventStreamParser()
        pieces = [STREAM[at : at + size] for at in range(0, len(STREAM), size)]
        assert [message for piece in pieces for message in parser.feed(piece)] == MESSAGES
        assert (parser.comments, parser.retry_ms, bytes(parser.raw)) == ([" hello"], 500, STREAM)
        assert parser.is_between_messages


@pytest.mark.parametrize("begun", [b"d", b"data: x", b"data: x\n", b"id: 1.1\n", b": c", b"data: x\n\ndata"])
def test_the_middle_of_a_message(begun: bytes) -> None:
    parser = EventStreamParser()
    parser.feed(begun)
    assert not parser.is_between_messages


@pytest.mark.parametrize(
    "forged",
    [
        b"data: x\ndata: y\n\n",
        b"data: x\revent: y\n\n",
        b"id: 1.1\nid: 1.2\ndata: x\n\n",
        b"id: 1.1\n\n",
        b"id\ndata: x\n\n",
        b"x: y\n\n",
        b"retry: soon\n\n",
        b"data: \xff\n\n",
    ],
)
def test_what_the_service_never_sends(forged: bytes) -> None:
    with pytest.raises((AssertionError, UnicodeDecodeError)):
        EventStreamParser().feed(forged)
