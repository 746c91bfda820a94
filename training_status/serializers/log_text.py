"""Log entries as plain text, for downloads."""

from training_status.log_levels import LEVEL_NAMES
from training_status.read.logs import LogLine
from training_status.serializers.times import utc_text
from training_status.visible_text import one_line, visible_text

_CONTINUATION = "    "


def log_text(line: LogLine) -> str:
    """Return the time, level, step and message of an entry, with a line feed at the end.

    Further lines of the message are indented, and no other character breaks a line, so none can look like an entry.
    """
    step = f" [{one_line(line.step)}]" if line.step else ""
    message = visible_text(line.message, link_targets=True).replace("\n", f"\n{_CONTINUATION}")
    return f"{utc_text(line.timestamp)} {LEVEL_NAMES[line.level]}{step} {message}\n"
