"""Text as people see it: without what only a terminal obeys, and with nothing hidden in it.

Messages, errors, notes and names come from reporters and may hold anything. `visible_text` is what may be shown of
them in a page, a file or a terminal:

* Terminal sequences are left out: colours, cursor moves, and strings (OSC, DCS, APC, PM, SOS) with their payload. A
  string that is not ended ends with its line.
* A control character is shown by its picture (`␇`), another character without a shape by its code (`<U+202E>`), so
  that no text can read as something else than it is.
* What needs such a character to be written stays as it is: joiners in Arabic and Indic words, emoji sequences and
  flags, variation selectors after what has variations.
* Every line break is `\\n`; tabs stay.

The service and the tracker each have this very file, the pages `static/dashboard/js/visible_text.js`; a shared table,
`docs/visible_text.json`, holds all of them to the same answers.
"""

import re
from typing import Final

# A control sequence (ECMA-48) with its parameters, whether it is whole or cut off; a string with its payload; a
# shorter escape sequence. As the parser at vt100.net does, an escape, CAN, SUB or a C1 character breaks a string off.
# A C1 character is an introducer only where a whole sequence follows: else it is a character read in a wrong encoding.
TERMINAL_SEQUENCES: Final = (
    "\x1b\\[[0-?]*[ -/]*[@-~]?"
    "|\x9b(?:[0-?]+[ -/]*[@-~]|[HJKm])"
    "|\x1b\\](?:[^\x07\x18\x1a\x1b\x80-\x9f]*(?:\x07|\x1b\\\\|\x9c)|[^\x07\x18\x1a\x1b\x80-\x9f\r\n]*)"
    "|\x1b[PX^_](?:[^\x18\x1a\x1b\x80-\x9f]*(?:\x1b\\\\|\x9c)|[^\x07\x18\x1a\x1b\x80-\x9f\r\n]*\x07?)"
    "|\x9d[^\x07\x18\x1a\x1b\x80-\x9f]*(?:\x07|\x1b\\\\|\x9c)"
    "|[\x90\x98\x9e\x9f][^\x18\x1a\x1b\x80-\x9f]*(?:\x1b\\\\|\x9c)"
    "|\x1b[ -/]*[0-OQ-WYZ\\\\`-~]?"
)

# Control characters but tab and line breaks, and what Unicode calls default ignorable or separators of lines.
HIDDEN_RANGES: Final = (
    (0x0, 0x8), (0xB, 0xC), (0xE, 0x1F), (0x7F, 0x9F), (0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160),
    (0x17B4, 0x17B5), (0x180B, 0x180F), (0x200B, 0x200F), (0x2028, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164),
    (0xD800, 0xDFFF), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFFB), (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
)  # fmt: skip

# Scripts whose words are written with joiners: Arabic to N'Ko and their supplements, the Indic ones, Myanmar, Khmer …
_JOINING = (
    "\u0600-\u061b\u061d-\u109f\u1780-\u17b3\u17b6-\u180a\u1820-\u18af\u1900-\u1cff"
    "\ua800-\uabff\ufb50-\ufdff\ufe70-\ufefc\U00010a00-\U00011fff\U0001e900-\U0001e95f"
)
_EMOJI = "\u2190-\u2bff\u3030\u303d\U0001f000-\U0001faff"
_VARIABLE = (
    "#*0-9\xa9\xae\u1000-\u109f\u2030-\u205e\u2100-\u3163\u3165-\ua4ff\ua840-\ua87f\uf900-\ufaff"
    "\U0001f000-\U0001faff\U00020000-\U0003ffff"
)
_MEANT = (
    f"(?<=[{_JOINING}])[\u200c\u200d]"
    f"|(?<=[{_EMOJI}\ufe0f])\u200d(?=[{_EMOJI}])"
    f"|(?<=[{_VARIABLE}])[\ufe00-\ufe0f\U000e0100-\U000e01ef]"
    "|(?<=[\u1820-\u18aa])[\u180b-\u180f]"
    # England, Scotland and Wales: `gbeng`, `gbsct` and `gbwls` in tag characters.
    "|(?<=\U0001f3f4)\U000e0067\U000e0062(?:\U000e0065\U000e006e\U000e0067|\U000e0073\U000e0063\U000e0074"
    "|\U000e0077\U000e006c\U000e0073)\U000e007f"
)


def _characters(ranges: tuple[tuple[int, int], ...]) -> str:
    """The inside of a character class."""
    return "".join(re.escape(chr(first)) + "-" + re.escape(chr(last)) for first, last in ranges)


_HIDDEN = _characters(HIDDEN_RANGES)
_UNUSUAL = re.compile(f"[{_HIDDEN}\r]")
_SEQUENCE = re.compile(TERMINAL_SEQUENCES)
_LINK = re.compile("(?:\x1b\\]|\x9d)8;[^;]*;([^\x07\x1b\x9c]*)(?:\x07|\x1b\\\\|\x9c)")
_SHAPELESS = re.compile(f"({_MEANT})|[{_HIDDEN}]")
_LINE_BREAK = re.compile("\r\n?")


def visible_text(text: str, *, link_targets: bool = False) -> str:
    """What is to be seen of a text. `link_targets`: `<its target>` stands behind a link that a terminal follows."""
    if not _UNUSUAL.search(text):
        return text
    text = _with_link_targets(text) if link_targets else _SEQUENCE.sub("", text)
    return _SHAPELESS.sub(_shape, _LINE_BREAK.sub("\n", text))


def one_line(text: str) -> str:
    """`visible_text` with a blank for each line break and tab."""
    return visible_text(text).replace("\n", " ").replace("\t", " ")


def searchable_text(text: str) -> str:
    """What a search looks through: the text without terminal sequences.

    A character without a shape is there as it was sent, not as its picture or code: it is found by itself alone.
    """
    return _LINE_BREAK.sub("\n", _SEQUENCE.sub("", text)) if _UNUSUAL.search(text) else text


def _shape(found: re.Match[str]) -> str:
    if found[1] is not None:
        return found[0]
    number = ord(found[0])
    if number < 0x20:
        return chr(0x2400 + number)
    return "␡" if number == 0x7F else f"<U+{number:04X}>"


def _with_link_targets(text: str) -> str:
    """The text without terminal sequences, with the target behind each link that does not say it itself (OSC 8)."""
    parts: list[str] = []
    end, target, linked_from = 0, "", 0

    def end_link() -> None:
        if target and "".join(parts[linked_from:]) != target:
            parts.append(f" <{target}>")

    for found in _SEQUENCE.finditer(text):
        parts.append(text[end : found.start()])
        end = found.end()
        if link := _LINK.fullmatch(found[0]):
            end_link()
            target, linked_from = link[1], len(parts)
    parts.append(text[end:])
    end_link()
    return "".join(parts)
