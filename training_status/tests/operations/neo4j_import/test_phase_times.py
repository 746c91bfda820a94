"""When a run was in which phase, and whether that is sure enough for the forecast."""

from datetime import timedelta

import pytest

from tests.support.neo4j_exports import START
from training_status.operations.neo4j_import.phase_times import PhaseTimes
from training_status.phases import PHASE_NAMES

MINUTE = timedelta(minutes=1)
END = START + 10 * MINUTE


def observed(*seen, **common):
    """`seen`: a phase's number, and the minute."""
    times = PhaseTimes(START)
    for number, minute, *percent in seen:
        times.observe(
            PHASE_NAMES[number],
            START + minute * MINUTE,
            percent=percent[0] if percent else None,
            **{"has_time": True} | common,
        )
    return times


ALL = [(number, number + 1) for number in range(7)]


def test_each_phase_ends_where_the_next_begins_and_the_last_with_the_run():
    times = observed(*ALL)
    assert times.doubt(END, is_completed=True) is None
    found = [(one.phase, one.started_at, one.ended_at) for one in times.timings(END)]
    assert found[0] == (PHASE_NAMES[0], START, START + 2 * MINUTE)
    assert found[1] == (PHASE_NAMES[1], START + 2 * MINUTE, START + 3 * MINUTE)
    assert found[6] == (PHASE_NAMES[6], START + 7 * MINUTE, END)


def test_the_first_report_at_the_half_of_a_phase():
    times = observed((0, 0), (2, 1, 10), (2, 2, 20), (2, 3, 31), (2, 4, 40))
    timing = times.timings(END)[1]
    assert (timing.middle_at, timing.middle_fraction) == (START + 3 * MINUTE, 0.6)


def test_an_earlier_phase_changes_nothing():
    times = observed((0, 0), (2, 1), (1, 2), (3, 3))
    assert [one.phase for one in times.timings(END)] == [PHASE_NAMES[0], PHASE_NAMES[2], PHASE_NAMES[3]]
    assert times.current == PHASE_NAMES[3]


@pytest.mark.parametrize(
    ("times", "is_completed", "doubt"),
    [
        (observed(), True, "no message names a phase"),
        (
            observed(*ALL[:2], *ALL[3:]),
            True,
            f"no message names the phase {PHASE_NAMES[2]}, whose time is part of another's",
        ),
        (observed(*ALL[:2], *ALL[3:]), False, None),
        (observed((0, 1), (1, 3), (2, 2)), False, "the times of its messages go back"),
        (observed((0, -1)), False, "the times of its messages go back"),
        (observed((0, 1), (1, 11)), False, "a message of a phase is later than the end of the run"),
        (observed((0, 1), (1, 2), has_time=False), False, f"the first message of {PHASE_NAMES[1]} has no time"),
        (observed((0, 0), has_time=False), False, None),
    ],
)
def test_doubts(times, is_completed, doubt):
    assert times.doubt(END, is_completed=is_completed) == doubt
