"""What a terminal shows of a text in the end, found character by character, without code of the tracker."""

from aegis_tracker.sanitizing import fit_text

STRINGS = "]PX^_"


class ConsoleReader:
    """A grid of characters without an end, and a cursor. Text at the beginning of a line replaces the line."""

    def __init__(self) -> None:
        self.rows: list[list[str]] = [[]]
        self.row = self.column = 0
        self.replaces = False

    def entries(self, text: str) -> list[str]:
        """The lines that are not empty, as entries of a log."""
        at = 0
        while at < len(text):
            at = self.character(text, at)
        lines = ("".join(row) for row in self.rows)
        return [fit_text(line) for line in lines if line.strip()]

    def character(self, text: str, at: int) -> int:
        one = text[at]
        if one == "\x1b":
            return self.escape(text, at + 1)
        if one == "\n":
            self.row, self.column = self.row + 1, 0
            if self.row == len(self.rows):
                self.rows.append([])
            self.replaces = bool(self.rows[self.row])
        elif one == "\r":
            self.move(0)
        elif one == "\b":
            self.move(self.column - 1)
        elif one != "\a":
            self.put(one)
        return at + 1

    def put(self, one: str) -> None:
        row = self.rows[self.row]
        while len(row) < self.column:
            row.append(" ")
        row[self.column : self.column + 1] = [one]
        self.column += 1
        if self.replaces and not one.isspace():
            del row[self.column :]
            self.replaces = False

    def move(self, column: int) -> None:
        self.column = max(0, column)
        self.replaces = self.column == 0

    def escape(self, text: str, at: int) -> int:
        if text[at] in STRINGS:
            while text[at] not in "\x1b\x07\r\n":
                at += 1
            if text[at] == "\x1b":
                return at + 2 if text[at + 1] == "\\" else at
            return at + 1 if text[at] == "\x07" else at
        if text[at] != "[":
            while " " <= text[at] <= "/":
                at += 1
            return at + 1
        number = ""
        at += 1
        while not "@" <= text[at] <= "~":
            number += text[at]
            at += 1
        self.sequence(text[at], int(number) if number.isdigit() else None)
        return at + 1

    def sequence(self, kind: str, number: int | None) -> None:
        row = self.rows[self.row]
        if kind == "A":
            self.row = max(0, self.row - (number or 1))
            self.replaces = self.column == 0
        elif kind == "F":
            self.row = max(0, self.row - (number or 1))
            self.move(0)
        elif kind == "C":
            self.move(self.column + (number or 1))
        elif kind == "D":
            self.move(self.column - (number or 1))
        elif kind == "G":
            self.move((number or 1) - 1)
        elif kind == "K" and number == 2:
            row.clear()
        elif kind == "K":
            del row[self.column :]
