"""What is shown of a text that may hold anything, and what a search finds in it."""

from pathlib import Path

import aegis_tracker.visible_text
import pytest
from django.db import connection

from tests.support.visible_texts import NAMES, TABLE, TEXTS
from training_status import visible_text as module
from training_status.read.message_search import found_in_messages
from training_status.visible_text import HIDDEN_RANGES, one_line, searchable_text, visible_text

with_texts = pytest.mark.parametrize("text", TEXTS, ids=NAMES)


@with_texts
def test_what_is_shown(text):
    assert visible_text(text["raw"]) == text["shown"]
    assert visible_text(text["raw"], link_targets=True) == text.get("with_targets", text["shown"])


@with_texts
def test_what_is_shown_is_shown_as_it_is(text):
    assert visible_text(text["shown"]) == text["shown"]


@with_texts
def test_what_a_search_looks_through(text):
    for part in text.get("found", []):
        assert searchable_text(part).lower() in searchable_text(text["raw"]).lower()
    for part in text.get("not_found", []):
        assert searchable_text(part).lower() not in searchable_text(text["raw"]).lower()


@pytest.mark.django_db
@with_texts
def test_what_a_search_finds_in_the_database(text):
    for part, is_found in [(p, True) for p in text.get("found", [])] + [(p, False) for p in text.get("not_found", [])]:
        condition = found_in_messages(part)
        assert condition is not None
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {condition[0]} FROM (SELECT %s::text AS message) AS entry", [*condition[1], text["raw"]]
            )
            assert cursor.fetchone() == (is_found,), part


@pytest.mark.django_db
@with_texts
def test_the_database_leaves_out_the_same_sequences(text):
    with connection.cursor() as cursor:
        cursor.execute("SELECT regexp_replace(%s, %s, '', 'g')", [text["raw"], module.TERMINAL_SEQUENCES])
        assert cursor.fetchone() == (module._SEQUENCE.sub("", text["raw"]),)


@pytest.mark.parametrize("search", ["", "\x1b[31m", "\x1b]0;title\x07"])
def test_there_is_nothing_to_search_for(search):
    assert found_in_messages(search) is None


def test_every_character_is_hidden_or_shown_as_the_table_says():
    ranges = [(int(first, 16), int(last, 16)) for first, last in TABLE["without_a_shape"]]
    assert list(HIDDEN_RANGES) == ranges
    hidden = {number for first, last in ranges for number in range(first, last + 1)}
    for number in range(0x110000):
        if chr(number) not in "\x1b\r":
            assert (visible_text(chr(number)) != chr(number)) == (number in hidden), hex(number)


def test_one_line():
    assert one_line("a\r\nb\tc\x1b[0m\u202e") == "a b c<U+202E>"


@pytest.mark.parametrize(
    "unit", ["\x1b]", "\x9d\n", "\x1bP\n", "\x1b[", "\x9b1", "\x1b]8;;a", "\u202e", "\x1b_\x07", "\r"]
)
def test_the_longest_message_of_beginnings_takes_linear_time(unit):
    text = unit * (65_536 // len(unit))  # with quadratic time, this would go on for minutes
    assert len(visible_text(text, link_targets=True)) <= 10 * len(text)


def test_the_tracker_has_the_same_file():
    ours, theirs = Path(module.__file__), Path(aegis_tracker.visible_text.__file__)
    assert ours.read_text(encoding="utf-8") == theirs.read_text(encoding="utf-8")
