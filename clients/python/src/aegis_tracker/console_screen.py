"""The last rows of a terminal, as far as a program can still change them, and which of them are final.

A line that is printed in the ordinary way is final as it ends. A row is held where the program may come back to it:

* it was drawn: its text began after a carriage return or took the place of other text, as a progress bar's does;
* the program has moved the cursor up to it;
* the program has hidden the cursor, or clears the screen again and again.

Held rows are final, with what they show by then, as soon as

* a line begins and ends below them while the cursor is shown, or text is redrawn in place below them;
* the cursor moves up and stays below them, for rows that a line feed ended and below which rows were begun since;
* the window is full: no terminal has that many rows;
* nothing is drawn any more: see `settle` and `end`.
"""

from collections import deque
from collections.abc import Iterable

from aegis_tracker.console_row import ROW_MAX_CHARACTERS, Row

ROWS_MAX = 100
COLUMNS_MAX = 1000  # as far as the cursor moves behind a text


class Screen:
    """Rows, a cursor, and the lines that became final. Not for several threads at once.

    They are appended to `lines`, for the caller to take away; an empty line is a line. With `holds_all` no row is final
    before `end`, however many there are. With `shows_frames` it is a screen to draw on, as if the cursor were hidden.
    """

    def __init__(self, *, holds_all: bool = False, shows_frames: bool = False) -> None:
        self.lines: list[str] = []
        self._holds_all = holds_all
        self._shows_frames = shows_frames
        self._above: deque[str] = deque(maxlen=0 if holds_all else ROWS_MAX)  # final rows, to which a cursor may move
        self._released = 0  # rows; the number of the first one that is held
        self._begin()

    def _begin(self) -> None:
        self._rows = [Row()]
        self._at = 0  # the cursor's row
        self._column = 0
        self._is_at_start = False  # whether the next text replaces that of its row
        self._rose_from: int | None = None  # the row from which the cursor is moving up
        self._begun = 0  # rows
        self._is_cursor_hidden = False
        self._clears = 0
        self._was_cleared = False  # and nothing was printed since
        self._saved: tuple[int, int] | None = None  # the number of a row, and the column
        self._is_saved_cursor_new = False
        self._pinned: dict[int, Row] = {}  # rows at absolute places, drawn between saving and restoring the cursor
        self._pinned_row: Row | None = None

    @property
    def is_plain(self) -> bool:
        """Whether nothing is held, and text without control characters only adds lines; see `take_plain`."""
        row = self._rows[0]
        return (
            len(self._rows) == 1
            and self._column == row.end < ROW_MAX_CHARACTERS
            and row.is_fresh
            and not (row.is_drawn or self._is_at_start or self._is_showing_frames or self._holds_all)
            and self._pinned_row is None
            and self._saved is None
            and self._rose_from is None
        )

    @property
    def holds(self) -> bool:
        """Whether there are rows above the cursor which `settle` may find to be final."""
        return self._at > 0

    # Text

    def take_plain(self) -> list[str]:
        """What the line has so far, in pieces. Where `is_plain`, text without control characters need not be printed
        here, until it is given back."""
        pieces = self._rows[0].pieces
        self._rows, self._column = [Row()], 0
        return pieces

    def give_back(self, above: Iterable[str], pieces: list[str], *, has_printed: bool) -> None:
        """The lines that were printed elsewhere since `take_plain`, and the pieces of the one that has not ended."""
        self._above.extend(above)
        for piece in pieces:
            self._rows[0].append(piece)
        self._column = self._rows[0].end
        if has_printed:
            self._was_cleared = False

    def print(self, text: str) -> None:
        """Text without control characters."""
        if self._pinned_row is None:
            self._end_of_rise()
        row = self._row
        is_replacing = self._is_at_start and not text.isspace()
        if self._is_at_start:
            row.is_drawn = True
            row.is_redrawn |= not row.is_blank
        if row.is_redrawn and row.is_fresh and self._pinned_row is None:
            self._release(self._at)  # the cursor rests here, and comes back to nothing above
        row.overwrite(self._column, text)
        self._column += len(text)
        if is_replacing:
            row.cut(self._column)
            self._is_at_start = False
        self._was_cleared = False

    def line_feed(self) -> None:
        """To the beginning of the next row."""
        self._pinned_row, self._was_cleared = None, False
        self._end_of_rise()
        at, row = self._at, self._row
        row.ended_at, row.is_aged = self._begun, False
        is_line = row.is_fresh and not row.is_blank
        if at + 1 == len(self._rows):
            self._rows.append(Row())
            self._begun += 1
        elif self._rows[at + 1].is_blank:
            self._rows[at + 1].begin_anew()
        self._move_to(at + 1, 0)
        if not self._is_showing_frames and not self._holds_all:
            if is_line:
                self._release(at if row.is_drawn else at + 1)
                self._saved = None
            elif at == 0 and row.is_blank and row.is_fresh:
                self._release(1)
        if len(self._rows) > ROWS_MAX and not self._holds_all:
            self._clears, self._saved, self._is_saved_cursor_new = 0, None, False
            self._release(len(self._rows) - ROWS_MAX)

    # The cursor

    def carriage_return(self) -> None:
        self._move_to(self._at, 0)
        self._is_at_start = True

    def backspace(self) -> None:
        self._move_to(self._at, self._column - 1)

    def right(self, columns: int) -> None:
        self._move_to(self._at, self._column + columns)

    def to_column(self, column: int) -> None:
        self._move_to(self._at, column)

    def up(self, rows: int, column: int | None = None) -> None:
        """Up by `rows`, as far as there are any; in the same column or another."""
        if self._pinned_row is None:
            while self._at < rows and self._above:
                text = self._above.pop()
                self._rows.insert(0, Row(text, told=text))
                self._rows[0].ended_at = self._begun
                self._released -= 1
                self._at += 1
                if self._rose_from is not None:
                    self._rose_from += 1
            if self._rose_from is None and self._at:
                self._rose_from = self._at
        self._move_to(max(0, self._at - rows), self._column if column is None else column)

    def down(self, rows: int, column: int | None = None) -> None:
        """Down by `rows`, as far as there are any; in the same column or another."""
        if self._pinned_row is None:
            self._end_of_rise()
            self._row.ended_at = None
        self._move_to(min(self._at + rows, len(self._rows) - 1), self._column if column is None else column)

    def to_place(self, row: int, column: int) -> None:
        """To a place of the screen, counted from 0. Its first row begins a new screen."""
        if self._saved is not None:
            if row in self._pinned or len(self._pinned) < ROWS_MAX:
                self._pinned_row = self._pinned.setdefault(row, Row())
                self._move_to(self._at, column)
        elif row == 0:
            self.clear()
            self._column = column
        elif row < self._at:
            self.up(self._at - row, column)
        else:
            self.down(row - self._at, column)

    def save_cursor(self) -> None:
        self._saved = self._released + self._at, self._column
        self._is_saved_cursor_new = True

    def restore_cursor(self) -> None:
        """Back to where the cursor was saved."""
        self._pinned_row, self._is_saved_cursor_new = None, False
        if self._saved is None:
            return
        number, column = self._saved
        at = number - self._released
        if at < self._at:
            self.up(self._at - at, column)
        elif at == self._at:
            self._move_to(at, column)
        else:
            self.down(at - self._at, column)

    def show_cursor(self, is_shown: bool) -> None:
        """Hidden, it means that the program draws. Shown again, that what it has drawn may stay."""
        self._is_cursor_hidden = not is_shown
        if is_shown:
            for row in self._rows:
                row.visits = 0

    # Erasing

    def erase_line(self, part: int) -> None:
        """From the cursor on (0), up to the cursor (1), or all (2)."""
        row = self._row
        if part == 1:
            if row.end > self._column:
                row.overwrite(0, " " * (self._column + 1))
                return
            part = 2
        was_blank = row.is_blank
        row.cut(self._column if part == 0 else 0)
        if not was_blank and row.is_blank:
            row.is_redrawn = row.is_drawn = True

    def erase_below(self) -> None:
        """From the cursor on to the end of the screen."""
        self.erase_line(0)
        if self._pinned_row is None:
            self._end_of_rise()
            del self._rows[self._at + 1 :]

    def clear(self) -> None:
        """Erase the whole screen. Lines that were not reported yet are; a program that clears again and again shows
        frames, of which the last counts."""
        if self._was_cleared:
            return
        if self._clears < 2 and not self._shows_frames:
            self._release(len(self._rows))
        self._clears += 1
        self._released += len(self._rows)
        self._above.clear()
        self._rows, self._at, self._column, self._rose_from = [Row()], 0, 0, None
        self._is_at_start = False
        self._was_cleared = True

    def erase_characters(self, count: int) -> None:
        """Put spaces in the place of so many characters."""
        self._row.overwrite(self._column, " " * min(count, max(0, self._row.end - self._column)))

    def remove_characters(self, count: int) -> None:
        self._row.remove(self._column, count)

    def insert_spaces(self, count: int) -> None:
        if self._column < self._row.end:
            self._row.insert(self._column, " " * min(count, COLUMNS_MAX))

    # What is final

    def settle(self, *, now: bool) -> None:
        """Nothing is printed just now: rows above the cursor to which the program does not come back are final.

        With `now` at once, else those that were found to be so by the call before as well. A row is one to which the
        program comes back where it has done so twice since the cursor was shown; while the cursor is hidden, once.
        """
        visits_max = 0 if self._is_showing_frames else 1
        for row in self._rows[: self._at]:
            if row.ended_at is None or row.visits > visits_max:
                continue
            if now or row.is_aged:
                self._tell(row)
            row.is_aged = True
        told = 0
        while told < self._at and self._rows[told].told is not None and not self._rows[told].visits:
            told += 1
        self._release(told)

    def end(self) -> None:
        """All rows are final; what follows begins anew."""
        self._pinned_row = None
        if self._rows[-1].is_blank and not self._holds_all:
            self._rows.pop()
        self._release(len(self._rows))
        for row in self._pinned.values():
            self._tell(row)
        self._begin()

    @property
    def _row(self) -> Row:
        return self._rows[self._at] if self._pinned_row is None else self._pinned_row

    @property
    def _is_showing_frames(self) -> bool:
        return self._shows_frames or self._is_cursor_hidden or self._clears >= 2 or self._is_saved_cursor_new

    def _move_to(self, at: int, column: int) -> None:
        self._at = at
        if column > COLUMNS_MAX:
            column = min(column, max(COLUMNS_MAX, self._row.end))
        self._column = max(0, column)
        self._is_at_start = column <= 0 and self._row.end > 0

    def _end_of_rise(self) -> None:
        """The cursor has moved up and stays here: from here on down the program draws, and not above."""
        if self._rose_from is None:
            return
        for row in self._rows[self._at : self._rose_from]:
            row.visits += 1
            row.is_fresh = row.is_aged = False
        left = self._rows[self._rose_from]
        left.is_fresh &= left.is_blank
        self._rose_from = None
        final = 0
        while final < self._at and self._begun > self._ended_at(final):
            final += 1
        self._release(final)

    def _ended_at(self, at: int) -> int:
        ended_at = self._rows[at].ended_at
        return self._begun if ended_at is None else ended_at

    def _release(self, count: int) -> None:
        """The first rows are final."""
        if self._holds_all and count < len(self._rows):
            return
        for row in self._rows[:count]:
            self._tell(row)
            self._above.append(row.told or "")
        del self._rows[:count]
        self._released += count
        self._at = max(0, self._at - count)
        if self._rose_from is not None:
            self._rose_from -= count

    def _tell(self, row: Row) -> None:
        text = row.text
        if text != row.told:
            row.told = text
            self.lines.append(text)
