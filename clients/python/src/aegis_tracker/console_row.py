"""One row of a terminal: its text, of which the beginning is kept, and what was done to it."""

from collections.abc import Iterable

from aegis_tracker.sanitizing import MESSAGE_MAX_BYTES, fit_beginning

ROW_MAX_CHARACTERS = MESSAGE_MAX_BYTES + 1  # one more than an entry can have, so that it is seen to be too long


class Row:
    """Text by columns: a column is a character. What is beyond the limit is counted, not kept.

    Every call takes time in proportion to the text it is given, however long the row is.
    """

    __slots__ = (
        "_beyond",
        "_by_column",
        "_length",
        "_parts",
        "_visible",
        "ended_at",
        "is_aged",
        "is_drawn",
        "is_fresh",
        "is_redrawn",
        "told",
        "visits",
    )

    def __init__(self, text: str = "", told: str | None = None) -> None:
        self._parts: list[str] = []  # joined they are the text
        self._by_column = False  # whether every part is one character
        self._length = 0  # of all parts
        self._beyond = 0
        self._visible = 0  # parts with something to see in them
        self.told = told  # the text that was reported
        self.is_fresh = told is None  # whether it began blank below all others, and the cursor has stayed since
        self.is_drawn = False  # whether text began after a carriage return or took the place of other text
        self.is_redrawn = False  # whether it had other text before
        self.visits = 0  # how often the cursor came back from below
        self.ended_at: int | None = None  # how many rows had been begun when a line feed left it
        self.is_aged = False  # see `Screen.settle`
        if text:
            self.append(text)

    @property
    def end(self) -> int:
        """The column behind its text."""
        return self._length + self._beyond

    @property
    def text(self) -> str:
        """What it shows, cut as an entry of the log is."""
        kept = "".join(self._parts)
        return fit_beginning(kept, self.end) if self._length == ROW_MAX_CHARACTERS else kept

    @property
    def is_blank(self) -> bool:
        """Whether there is nothing to see in it."""
        return not (self._visible or self._beyond)

    @property
    def pieces(self) -> list[str]:
        """What is kept of its text, in pieces."""
        return ["".join(self._parts)] if self._parts else []

    def begin_anew(self) -> None:
        """As a row below all others, for one that is blank."""
        self.cut(0)
        self.is_fresh, self.is_drawn, self.is_redrawn, self.visits = True, False, False, 0

    def append(self, text: str) -> None:
        """Put text behind what is there."""
        room = ROW_MAX_CHARACTERS - self._length
        if len(text) > room:
            self._beyond += len(text) - room
            text = text[:room]
        if not text:
            return
        self._length += len(text)
        if self._by_column:
            self._parts.extend(text)
            self._visible += _visible(text)
        else:
            self._parts.append(text)
            self._visible += not text.isspace()

    def overwrite(self, column: int, text: str) -> None:
        """Put text in the place of what is there from `column` on."""
        if column > self.end:
            self.append(" " * (column - self.end))
        if column == self.end:
            self.append(text)
            return
        self._split()
        last = min(column + len(text), self._length)
        if column < last:
            self._replace(column, last, text[: last - column])
        behind = column + len(text) - self.end
        if behind > 0:
            self.append(text[-behind:])

    def cut(self, column: int) -> None:
        """Remove what is there from `column` on."""
        if column >= self.end:
            return
        if column == 0:
            self._parts, self._by_column, self._visible = [], False, 0
        elif column < self._length:
            self._split()
            self._replace(column, self._length, "")
        self._length = min(column, self._length)
        self._beyond = max(0, column - self._length)

    def remove(self, column: int, count: int) -> None:
        """Take out so many characters; what is behind moves up."""
        self._split()
        count = max(0, min(count, self._length - column))
        self._replace(column, column + count, "")
        self._length -= count

    def insert(self, column: int, text: str) -> None:
        """Put text before what is there from `column` on."""
        if column >= self._length:
            self.overwrite(column, text)
            return
        self._split()
        self._replace(column, column, text)
        self._length += len(text)
        behind = self._length - ROW_MAX_CHARACTERS
        if behind > 0:
            self._replace(ROW_MAX_CHARACTERS, self._length, "")
            self._length -= behind
            self._beyond += behind

    def _split(self) -> None:
        if not self._by_column:
            self._parts, self._by_column = list("".join(self._parts)), True
            self._visible = _visible(self._parts)

    def _replace(self, begin: int, end: int, text: str) -> None:
        """Put text in the place of columns; `_length` is the caller's."""
        self._visible += _visible(text) - _visible(self._parts[begin:end])
        self._parts[begin:end] = text


def _visible(characters: Iterable[str]) -> int:
    return sum(not character.isspace() for character in characters)
