"""The wire format of Server-Sent Events, read by the rules of the WHATWG HTML standard (9.2.6).

What this service never sends (event names, several `data` lines in one message, unknown fields) is refused, so that
a field forged by a text inside a message cannot pass unseen.
"""

import codecs
import re
from typing import NamedTuple

_LATER_END = re.compile(r"[0-9]+\.end\.[0-9]+")  # an end after a provisional one
_LINE_END = re.compile("\r\n|\n|\r")


class Message(NamedTuple):
    """One message; `id` is None when the message itself carries none."""

    data: str
    id: str | None


class EventStreamParser:
    """Fed with bytes as they come. `raw` keeps them all, `comments` and `retry_ms` what is not a message."""

    def __init__(self) -> None:
        self.raw = bytearray()
        self.comments: list[str] = []
        self.retry_ms: int | None = None
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")(errors="strict")
        self._rest = ""
        self._data: list[str] = []
        self._id: str | None = None
        self.cursor: str | None = None  # given after a message, without one of its own

    @property
    def is_between_messages(self) -> bool:
        """Whether the stream could end here without losing a part of a message."""
        return not (self._rest or self._data or self._id is not None)

    def feed(self, chunk: bytes) -> list[Message]:
        """The messages that the chunk completes."""
        self.raw += chunk
        text = self._rest + self._decoder.decode(chunk)
        held = "\r" if text.endswith("\r") else ""  # perhaps half of a CR LF
        *lines, rest = _LINE_END.split(text.removesuffix(held))
        self._rest = rest + held
        messages = []
        for line in lines:
            if line:
                self._take(line)
            elif self._data:
                assert len(self._data) == 1, f"a message of {len(self._data)} data fields: {self._data}"
                messages.append(Message(self._data[0], self._id))
                self._data, self._id = [], None
            elif self._id is not None:
                assert _LATER_END.fullmatch(self._id), f"the id {self._id!r} without data"
                self.cursor, self._id = self._id, None
        return messages

    def _take(self, line: str) -> None:
        if line.startswith(":"):
            self.comments.append(line[1:])
            return
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "id":
            assert self._id is None, f"two ids in one message: {self._id!r}, {value!r}"
            assert value, "an empty id"
            assert "\0" not in value
            self._id = value
        elif name == "retry":
            assert value.isascii(), value
            assert value.isdigit(), value
            self.retry_ms = int(value)
        else:
            raise AssertionError(f"a field that the service never sends: {line!r}")
