"""What a terminal would show of a text, line by line."""

import re

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")


def collapse(text: str) -> str:
    """The text without colours and cursor movements; of what carriage returns overwrote, the last stays.

    A progress bar that redraws its line so becomes one line.
    """
    if "\x1b" in text:
        text = _ESCAPES.sub("", text)
    if "\r" not in text:
        return text
    return "\n".join(_last_shown(line) for line in text.replace("\r\n", "\n").split("\n"))


def _last_shown(line: str) -> str:
    shown = [part for part in line.split("\r") if part.strip()]
    return shown[-1] if shown else ""
