"""Cursors: where a viewer who comes back goes on."""

import pytest

from tests.support.factories import TrainingRunFactory
from training_status.live.cursor import Cursor, ResumePoint
from training_status.read.run_facts import run_by_public_id

pytestmark = pytest.mark.django_db


@pytest.fixture
def run():
    """Run number 2, with 45 entries."""
    made = TrainingRunFactory(run_number=2, running=True, last_seq=45, info_count=45)
    return run_by_public_id(made.public_id)


def test_a_new_viewer_gets_the_status_and_then_the_whole_log(run):
    assert Cursor().on(run, is_over=False) == ResumePoint(seq=0, status_first=True)


def test_a_cursor_goes_on_after_its_entry_and_then_has_the_status(run):
    cursor = Cursor.from_last_event_id("2.44")
    assert cursor.on(run, is_over=False) == ResumePoint(seq=44, status_first=False, status_after=True)


@pytest.mark.parametrize("text", ["1.44", "3.1", "1.end", "2.46", "2.999999999999999999"])
def test_a_cursor_of_another_run_or_beyond_the_log_counts_as_none(run, text):
    assert Cursor.from_last_event_id(text).on(run, is_over=False) == ResumePoint()


@pytest.mark.parametrize(
    "text", ["x", "2", "2.", ".44", "2.44 ", "-2.44", "2.44.1", "2.end.", "2.end.x", "2.END", "٢.٤٤", "2." + "9" * 30]
)
def test_what_is_no_cursor_of_ours_counts_as_none(run, text):
    assert Cursor.from_last_event_id(text) == Cursor()


def test_after_without_a_run_number_is_a_place_in_the_run_that_is_followed(run):
    assert Cursor(after_seq=44).on(run, is_over=False) == ResumePoint(seq=44, status_after=True)
    assert Cursor(after_seq=10**18).on(run, is_over=False).seq == 45


def test_the_end_is_known_while_the_run_is_over(run):
    assert Cursor.from_last_event_id("2.end").on(run, is_over=True).end_is_known


@pytest.mark.parametrize("is_over", [False, True])
def test_the_end_of_a_run_that_went_on_since_goes_on_where_it_was_lost(run, is_over):
    run.resumed_at_seq = 30
    start = Cursor.from_last_event_id("2.end").on(run, is_over=is_over)
    assert (start.seq, start.end_is_known) == (30, False)


def test_a_later_end_says_which_one_it_is(run):
    run.resumed_at_seq = 30
    assert Cursor.from_last_event_id("2.end.45").on(run, is_over=True).end_is_known
    earlier = Cursor.from_last_event_id("2.end.40").on(run, is_over=True)
    assert (earlier.seq, earlier.end_is_known) == (40, False)
    assert Cursor.from_last_event_id("2.end.45").on(run, is_over=False).seq == 45
