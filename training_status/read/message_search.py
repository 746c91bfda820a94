"""Finding a text in messages as they are shown, in SQL: the rule of `visible_text.searchable_text`."""

import re
from typing import Final

from training_status.visible_text import TERMINAL_SEQUENCES, searchable_text

_WITHOUT_SEQUENCES: Final = f"regexp_replace(message, '{TERMINAL_SEQUENCES}', '', 'g')"
_C1_INTRODUCER: Final = "[\x90\x98\x9d-\x9f]"


def found_in_messages(search: str) -> tuple[str, list[str]] | None:
    """A condition on the column `message`, and its parameters; None when there is nothing to search for.

    Letters match in either case, whatever the locale of the database is.

    Nearly all messages have no terminal sequence. They are known by tests that cost little beside the search itself;
    only the others are rewritten. Strings that a C1 character introduces are so rare that they are looked for in
    those messages alone that seem to match.
    """
    wanted = searchable_text(search)
    if not wanted:
        return None
    whole, shown = "message", _WITHOUT_SEQUENCES
    if "\n" in wanted:
        whole, shown = _with_line_feeds(whole), _with_line_feeds(shown)
    if wanted.isascii():
        contains, parameter = "position(%s IN lower({})) > 0", wanted.lower()
    else:
        contains, parameter = "{} ~ %s", "".join(map(_in_either_case, wanted))
    in_whole, in_shown = contains.format(whole), contains.format(shown)
    sql = f"""CASE WHEN strpos(message, E'\\x1b') > 0 OR message LIKE '%%\x9b%%' THEN {in_shown}
                   WHEN {in_whole} THEN CASE WHEN message ~ '{_C1_INTRODUCER}' THEN {in_shown} ELSE true END
                   ELSE false END"""
    return sql, [parameter] * 3


def _with_line_feeds(column: str) -> str:
    return f"replace(replace({column}, E'\\r\\n', E'\\n'), E'\\r', E'\\n')"


def _in_either_case(character: str) -> str:
    """A regular expression: the `lower` of a database may know the letters of ASCII alone."""
    cases = {case for case in (character, character.lower(), character.upper()) if len(case) == 1}
    return f"(?:{'|'.join(map(re.escape, sorted(cases)))})"
