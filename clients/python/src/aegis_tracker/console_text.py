"""What a terminal would show of a text, line by line."""

from aegis_tracker.console_lines import ConsoleLines, has_controls


def collapse(text: str) -> str:
    """The text without colours and cursor movements; of what was overwritten, the last stays.

    A progress bar that redraws its line so becomes one line.
    """
    if not has_controls(text):
        return text
    lines = ConsoleLines(holds_all=True)
    return "\n".join([*lines.feed(text), *lines.end()])
