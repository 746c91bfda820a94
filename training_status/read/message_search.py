"""Searching log messages as they are displayed, in SQL, by the rule of `visible_text.searchable_text`."""

from typing import Final

from training_status.visible_text import TERMINAL_SEQUENCES, searchable_text

_WITHOUT_SEQUENCES: Final = f"regexp_replace(message, '{TERMINAL_SEQUENCES}', '', 'g')"
_C1_INTRODUCER: Final = "[\x90\x98\x9d-\x9f]"


def found_in_messages(search: str) -> tuple[str, list[str]] | None:
    """Return a condition on the column `message` with its parameters; None if there is nothing to search for.

    The search ignores case, as far as the locale of the database supports it.

    Nearly all messages have no terminal sequence. Cheap tests recognise these; only other messages are rewritten.
    Sequences that a C1 character introduces are so rare that only matching messages are checked for them.
    """
    wanted = searchable_text(search)
    if not wanted:
        return None
    whole, shown = "message", _WITHOUT_SEQUENCES
    if "\n" in wanted:
        whole, shown = _with_line_feeds(whole), _with_line_feeds(shown)
    in_whole, in_shown = (f"position(lower(%s) IN lower({text})) > 0" for text in (whole, shown))
    sql = f"""CASE WHEN strpos(message, E'\\x1b') > 0 OR message LIKE '%%\x9b%%' THEN {in_shown}
                   WHEN {in_whole} THEN CASE WHEN message ~ '{_C1_INTRODUCER}' THEN {in_shown} ELSE true END
                   ELSE false END"""
    return sql, [wanted] * 3


def _with_line_feeds(column: str) -> str:
    return f"replace(replace({column}, E'\\r\\n', E'\\n'), E'\\r', E'\\n')"
