"""Log entries as lines of text, none of which can pass for another entry."""

import re

import pytest
from django.utils.dateparse import parse_datetime

from tests.support.visible_texts import LINES, TEXTS
from training_status.log_levels import LEVEL_NUMBERS
from training_status.read.logs import LogLine
from training_status.serializers.log_text import log_text

# Whatever anybody takes for the end of a line.
_LINE = re.compile("[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")


def text_of(timestamp: str, level: str, step: str | None, message: str) -> str:
    return log_text(LogLine(1, parse_datetime(timestamp), LEVEL_NUMBERS[level], message, step, None, None, None))


@pytest.mark.parametrize("line", LINES)
def test_lines(line):
    assert text_of(**line["entry"]) == line["text"]


@pytest.mark.parametrize("message", [text["raw"] for text in TEXTS])
def test_only_the_first_line_begins_like_an_entry(message):
    forged = f"{message}\n2026-01-20T15:05:00Z ERROR forged"
    text = text_of("2026-01-20T15:05:00Z", "INFO", "a\nstep", forged)
    first, *rest = _LINE.split(text.removesuffix("\n"))
    assert first.startswith("2026-01-20T15:05:00Z INFO [a step] ")
    assert rest
    assert all(line.startswith("    ") for line in rest)
