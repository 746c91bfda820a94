"""Server-Sent Events as they come over a connection, by the rules of the HTML standard."""

import re
from typing import NamedTuple

MESSAGE_MAX_BYTES = 16 * 1024 * 1024  # a message of the service is a small part of that

_LINE_END = re.compile(rb"\r\n|\n|\r")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Message(NamedTuple):
    """One message; `last_event_id` is what to go on after once it was taken, None where no id was told yet."""

    data: str
    last_event_id: str | None


class EventStreamParser:
    """Fed with bytes as they come; `last_event_id` and `retry_s` are what the stream has said of them so far.

    `commented`: the last line that was not empty is a comment.
    """

    def __init__(self, last_event_id: str | None = None) -> None:
        self.last_event_id = last_event_id
        self.retry_s: float | None = None
        self.commented = False
        self._next_id = last_event_id
        self._rest = bytearray()
        self._data: list[str] = []
        self._size = 0
        self._has_begun = False
        self._after_return = False

    def feed(self, piece: bytes) -> list[Message]:
        """The messages that the piece completes. Raises ValueError where one becomes too large."""
        if not piece:
            return []
        if self._after_return:
            piece = piece.removeprefix(b"\n")  # the second half of a CR LF
        self._after_return = piece.endswith(b"\r")
        may_end_lines = b"\n" in piece or b"\r" in piece
        self._rest += piece
        messages = self._whole_lines() if may_end_lines else []
        if self._size + len(self._rest) > MESSAGE_MAX_BYTES:
            raise ValueError("a message of the stream has no end")
        return messages

    def _whole_lines(self) -> list[Message]:
        text = bytes(self._rest)
        if not self._has_begun:
            self._has_begun = True
            text = text.removeprefix(_BYTE_ORDER_MARK)
        *lines, rest = _LINE_END.split(text)
        self._rest = bytearray(rest)
        messages = []
        for line in lines:
            if line:
                self._take(line.decode(errors="replace"))
            elif (message := self._complete()) is not None:
                messages.append(message)
        return messages

    def _take(self, line: str) -> None:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        self.commented = not name
        if name == "data":
            self._data.append(value)
            self._size += len(value) + 1
        elif name == "id" and "\0" not in value:
            self._next_id = value or None
        elif name == "retry" and value.isascii() and value.isdigit():
            self.retry_s = float(value) / 1000  # of any length: infinite where it is too large

    def _complete(self) -> Message | None:
        """A line without anything ends a message; one that has no data counts for its id alone."""
        self.last_event_id = self._next_id
        if not self._data:
            return None
        data, self._data, self._size = "\n".join(self._data), [], 0
        return Message(data, self.last_event_id)
