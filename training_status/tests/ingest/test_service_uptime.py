"""Since when the service can be reached, with a frozen clock."""

from datetime import UTC, datetime, timedelta

import pytest

from training_status.ingest.service_uptime import may_have_been_down, record_uptime, uptime_s
from training_status.models import ServicePresence

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 1, 20, 15, 5, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def noted(*after_s: float) -> tuple[float, float]:
    """`since` and `seen_at`, in seconds after NOW, when presence was noted at these moments."""
    for seconds in after_s:
        record_uptime(NOW + seconds * SECOND)
    presence = ServicePresence.objects.get()
    return (presence.since - NOW) / SECOND, (presence.seen_at - NOW) / SECOND


def test_it_works():
    assert uptime_s(NOW) == 0.0
    assert noted(0, 5, 10) == (0, 10)
    assert uptime_s(NOW + 12 * SECOND) == 12.0


def test_a_gap_begins_anew():
    assert noted(0, 15) == (0, 15)
    assert noted(30.1) == (30.1, 30.1)


def test_two_processes_whose_clocks_differ_a_little_are_one_presence():
    assert noted(0, 4, 3, 9, 8) == (0, 9)


@pytest.mark.parametrize("jump_s", [-3600, -15.1, 3600])
def test_a_clock_that_jumps_begins_anew(jump_s):
    assert noted(0, 5, jump_s) == (jump_s, jump_s)


def test_a_clock_that_goes_backward_a_little_takes_nothing_back():
    assert noted(0, 5, -10) == (0, 5)
    assert uptime_s(NOW - 10 * SECOND) == 0.0


@pytest.mark.parametrize("now_s", [15.1, -15.1, 3600, -3600])
def test_a_presence_not_noted_just_now_says_nothing(now_s):
    record_uptime(NOW)
    assert uptime_s(NOW + now_s * SECOND) == 0.0


def test_of_absences_something_is_known_only_where_somebody_notes_presence():
    assert not may_have_been_down(NOW, 60.0)
    record_uptime(NOW)
    assert may_have_been_down(NOW, 60.0)
    for seconds in range(5, 61, 5):
        record_uptime(NOW + seconds * SECOND)
    assert not may_have_been_down(NOW + 60 * SECOND, 60.0)
    assert may_have_been_down(NOW + 60 * SECOND, 60.1)
    assert may_have_been_down(NOW + 100 * SECOND, 60.0)
