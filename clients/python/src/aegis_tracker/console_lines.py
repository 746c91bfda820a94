"""Text as it is written to a terminal, in any pieces, as the lines that it leaves there."""

import re
from collections import deque

from aegis_tracker.console_row import ROW_MAX_CHARACTERS
from aegis_tracker.console_screen import ROWS_MAX, Screen

_COLOUR = re.compile(r"\x1b\[[0-9;:]*m")
_LINE_END = re.compile(r"(?<!\r)\r+\n")  # begun once for each run of carriage returns, so that time stays linear
_CONTROL = re.compile(r"[\x07\x08\r\x1b\x90\x98\x9b\x9d-\x9f]")  # whatever does more than be shown
_CONTROL_OR_LINE_FEED = re.compile(r"[\x07\x08\n\r\x1b\x90\x98\x9b\x9d-\x9f]")
_C1 = re.compile(r"[\x90\x98\x9b\x9d-\x9f]")
_CSI = re.compile(r"([\x20-\x3f]*)([\x40-\x7e]?)")  # a control sequence, behind its introducer
_ESCAPE = re.compile(r"[\x20-\x2f]*([\x30-\x7e]?)")  # any other escape sequence, behind ESC
_STRING_END = re.compile(r"[\n\r\x18\x1a\x1b\x9c]")
_OSC_END = re.compile(r"[\x07\n\r\x18\x1a\x1b\x9c]")

_STRINGS = {"P": _STRING_END, "X": _STRING_END, "^": _STRING_END, "_": _STRING_END, "]": _OSC_END}
_AS_ESCAPE = {"\x90": "P", "\x98": "X", "\x9b": "[", "\x9d": "]", "\x9e": "^", "\x9f": "_"}  # C1, of one character
_ALTERNATE_SCREEN = ("?1049", "?1047", "?47")
_NUMBER_MAX = 99_999
_PARAMETERS_MAX_CHARACTERS = 256  # more of a control sequence is passed over
_PLAIN_MAX_CHARACTERS = ROW_MAX_CHARACTERS


def collapse(text: str) -> str:
    """What a terminal shows of a text in the end: no colours and cursor movements, and the last of what was redrawn.

    So a progress bar that redraws its line becomes one line.
    """
    if _CONTROL.search(text) is None:
        return text
    lines = ConsoleLines(holds_all=True)
    return "\n".join([*lines.feed(text), *lines.end()])


class ConsoleLines:
    """Lines as they become final (see `Screen`): without colours, links and other escape sequences.

    How the text is split into pieces makes no difference. A line too long for an entry is cut as one, and needs no more
    memory. Escape sequences are those of ECMA-48, with the strings APC, DCS, OSC, PM and SOS. A string that is not
    terminated ends with its line at the latest; other sequences end at what cannot be part of them, as in terminals.
    Control characters of one character (C1) count unless they follow another one or a Latin-1 letter: then they come
    from text that was decoded wrongly.

    A column is a character, however wide. Not for several threads at once.
    """

    def __init__(self, *, holds_all: bool = False) -> None:
        self._holds_all = holds_all
        self._screen = Screen(holds_all=holds_all)
        self._main_screen: Screen | None = None  # while the alternate one is shown
        self._rest = ""  # the beginning of an escape sequence
        self._string: re.Pattern[str] | None = None  # what ends the string that is being read
        self._before: str | None = ""  # the character printed before; None: that before the cursor
        self.holds = False  # whether `settle` may have something to do
        # While nothing is held and nothing has begun, lines need no screen, and this is the only state:
        self._is_plain = not holds_all
        self._pieces: list[str] = []  # of the line that has not ended
        self._room = _PLAIN_MAX_CHARACTERS  # for more of them
        self._above: deque[str] = deque(maxlen=ROWS_MAX)  # lines that ended

    def feed(self, text: str) -> list[str]:
        """Read on. The lines that are final by now."""
        if self._is_plain:
            if text == "\n":  # as `print` ends a line
                line = "".join(self._pieces)
                self._pieces, self._room, self._before = [], _PLAIN_MAX_CHARACTERS, None
                self._above.append(line)
                return [line]
            plain = text
            if "\x1b" in text or "\r" in text:
                if "\x1b" in plain:
                    plain = _COLOUR.sub("", plain)
                if "\r" in plain:
                    plain = plain.replace("\r\n", "\n")
                    if "\r" in plain:
                        plain = _LINE_END.sub("\n", plain)
                is_plain = "\x1b" not in plain and "\r" not in plain
            else:
                is_plain = True
            if (
                is_plain
                and len(plain) < self._room
                and "\b" not in plain
                and "\a" not in plain
                and (plain.isascii() or _C1.search(plain) is None)
            ):
                if not plain:
                    return []
                self._before = None
                lines = plain.split("\n")
                rest = lines.pop()
                if not lines:
                    self._pieces.append(rest)
                    self._room -= len(rest)
                    return lines
                if self._pieces:
                    self._pieces.append(lines[0])
                    lines[0] = "".join(self._pieces)
                    self._pieces = []
                    self._room = _PLAIN_MAX_CHARACTERS
                if rest:
                    self._pieces = [rest]
                    self._room = _PLAIN_MAX_CHARACTERS - len(rest)
                self._above.extend(lines)
                return lines
            self._leave_plain()
        self._read(self._rest + text)
        return self._taken()

    def settle(self, *, now: bool = False) -> list[str]:
        """See `Screen.settle`. The lines that it found to be final."""
        if self._is_plain:
            return []
        self._screen.settle(now=now)
        return self._taken()

    def end(self) -> list[str]:
        """All lines that are left; what follows begins anew."""
        self._leave_plain()
        if self._main_screen is not None:  # the program ended in the middle: better told than lost
            self._main_screen.end()
            self._screen.end()
            self._main_screen.lines.extend(self._screen.lines)
            self._screen, self._main_screen = self._main_screen, None
        self._screen.end()
        self._rest, self._string, self._before = "", None, ""
        return self._taken()

    def _leave_plain(self) -> None:
        if self._is_plain:
            has_printed = self._before is None
            if has_printed:
                self._before = self._pieces[-1][-1] if self._pieces else ""
            self._screen.give_back(self._above, self._pieces, has_printed=has_printed)
            self._above.clear()
            self._is_plain = False

    def _taken(self) -> list[str]:
        """The lines that the screen gave; and where it holds no more, the plain state."""
        screen = self._screen
        lines, screen.lines = screen.lines, []
        self._is_plain = not self._rest and self._string is None and self._main_screen is None and screen.is_plain
        self.holds = not self._is_plain and screen.holds
        if self._is_plain:
            self._pieces = screen.take_plain()
            self._room = _PLAIN_MAX_CHARACTERS - sum(map(len, self._pieces))
        return lines

    def _read(self, text: str) -> None:
        self._rest = ""
        at, end = 0, len(text)
        while at < end:
            if self._string is not None:
                at = self._read_string(text, at)
                continue
            found = _CONTROL_OR_LINE_FEED.search(text, at)
            to = end if found is None else found.start()
            if to > at:
                self._before = text[to - 1]
                self._screen.print(text[at:to])
            at = to
            if found is not None:
                at = self._control(text, at)

    def _control(self, text: str, at: int) -> int:
        """Obey the control character or sequence at `at`; the place behind it."""
        character = text[at]
        if character == "\n":
            self._screen.line_feed()
            self._before = ""
        elif character == "\r":
            self._screen.carriage_return()
            self._before = ""
        elif character == "\b":
            self._screen.backspace()
        elif character == "\x1b":
            return self._escape(text, at)
        elif character in _AS_ESCAPE:
            if self._before and "\x80" <= self._before <= "\xff":
                self._screen.print(character)
                self._before = character
            else:
                return self._sequence(_AS_ESCAPE[character], text, at, at + 1)
        return at + 1

    def _escape(self, text: str, at: int) -> int:
        if at + 1 < len(text) and text[at + 1] in "[]PX^_":
            return self._sequence(text[at + 1], text, at, at + 2)
        found = _ESCAPE.match(text, at + 1)
        assert found is not None
        if found[1]:
            self._obey_escape(found[1], is_single=found.end() == at + 2)
        elif found.end() == len(text):
            self._keep(text, at)
        return found.end()

    def _sequence(self, kind: str, text: str, begin: int, at: int) -> int:
        """Read what an introducer begins, which stands at `begin` and ends before `at`."""
        if kind != "[":
            self._string = _STRINGS[kind]
            return at
        found = _CSI.match(text, at)
        assert found is not None
        if found[2]:
            self._obey(found[1][:_PARAMETERS_MAX_CHARACTERS], found[2])
        elif found.end() == len(text):
            self._keep(text, begin)
        return found.end()

    def _keep(self, text: str, begin: int) -> None:
        """The sequence goes on with the next piece."""
        self._rest = text[begin : begin + _PARAMETERS_MAX_CHARACTERS + 2]

    def _read_string(self, text: str, at: int) -> int:
        """Pass over what an escape string contains; the place where it ends."""
        assert self._string is not None
        found = self._string.search(text, at)
        if found is None:
            return len(text)
        at = found.start()
        if found[0] == "\x1b":
            if at + 1 == len(text):
                self._rest = "\x1b"
                return len(text)
            at += 2 if text[at + 1] == "\\" else 0
        elif found[0] not in "\r\n":
            at += 1
        self._string = None
        return at

    def _show_alternate_screen(self, is_shown: bool) -> None:
        """What is drawn on the alternate screen is gone when that is left, and the main one is as it was. Lines that
        nothing was drawn over were reported by then, as `Screen.settle` finds them."""
        if is_shown and self._main_screen is None:
            self._main_screen, self._screen = self._screen, Screen(holds_all=self._holds_all, shows_frames=True)
            self._main_screen.settle(now=True)
            self._screen.lines, self._main_screen.lines = self._main_screen.lines, []
        elif not is_shown and self._main_screen is not None:
            self._main_screen.lines = self._screen.lines
            self._screen, self._main_screen = self._main_screen, None

    def _obey_escape(self, final: str, *, is_single: bool) -> None:
        if not is_single:
            return  # as the choice of a character set
        if final == "7":
            self._screen.save_cursor()
        elif final == "8":
            self._screen.restore_cursor()
        elif final in "DE":
            self._screen.line_feed()
        elif final == "M":
            self._screen.up(1)
        elif final == "c":
            self._screen.clear()

    def _obey(self, parameters: str, final: str) -> None:
        """A control sequence. Those that are not known change nothing, as colours."""
        screen = self._screen
        if final in "hl":
            if parameters == "?25":
                screen.show_cursor(final == "h")
            elif parameters in _ALTERNATE_SCREEN:
                self._show_alternate_screen(final == "h")
            return
        if final == "m" or not (parameters == "" or parameters[0].isdigit() or parameters[0] == ";"):
            return
        first, _, others = parameters.partition(";")
        count = max(1, _number(first, 1))
        if final == "A":
            screen.up(count)
        elif final == "F":
            screen.up(count, 0)
        elif final in "Be":
            screen.down(count)
        elif final == "E":
            screen.down(count, 0)
        elif final in "Ca":
            screen.right(count)
        elif final == "D":
            screen.right(-count)
        elif final in "G`":
            screen.to_column(count - 1)
        elif final in "Hf":
            screen.to_place(count - 1, max(1, _number(others.partition(";")[0], 1)) - 1)
        elif final == "J":
            (screen.erase_below if _number(first, 0) == 0 else screen.clear)()
        elif final == "K":
            screen.erase_line(min(2, _number(first, 0)))
        elif final == "P":
            screen.remove_characters(count)
        elif final == "X":
            screen.erase_characters(count)
        elif final == "@":
            screen.insert_spaces(count)
        elif final == "s":
            screen.save_cursor()
        elif final == "u":
            screen.restore_cursor()


def _number(parameter: str, default: int) -> int:
    if not parameter.isdigit():
        return default
    return int(parameter) if len(parameter) <= 5 else _NUMBER_MAX
