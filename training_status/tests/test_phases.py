"""Phase and percentage, at every boundary."""

import pytest

from training_status.phases import (
    PHASE_NAMES,
    PHASES,
    STEPS_WHEN_COMPLETED,
    STEPS_WHEN_PENDING,
    overall_percent,
    phase_position,
    steps_when_failed,
    steps_while_running,
)


def shown(steps):
    return [(step.status, step.progress) for step in steps]


def test_the_phases_follow_each_other_from_0_to_100():
    assert PHASES[0].start == 0.0
    assert PHASES[-1].end == 100.0
    assert [phase.end for phase in PHASES[:-1]] == [phase.start for phase in PHASES[1:]]
    assert len(set(PHASE_NAMES)) == 7


@pytest.mark.parametrize("phase", PHASES, ids=PHASE_NAMES)
def test_a_fraction_runs_from_the_phases_start_to_its_end(phase):
    assert overall_percent(phase.name, 0.0) == phase.start
    assert overall_percent(phase.name, 1.0) == phase.end
    assert overall_percent(phase.name, 0.5) == (phase.start + phase.end) / 2


def test_a_quarter_of_the_run_shows_43_in_the_third_step():
    assert shown(steps_while_running(25.0)) == [
        ("completed", 100),
        ("completed", 100),
        ("in_progress", 43),
        *[("pending", 0)] * 4,
    ]


@pytest.mark.parametrize("phase", PHASES[1:], ids=PHASE_NAMES[1:])
def test_at_a_boundary_the_earlier_step_is_completed_and_the_later_begins(phase):
    steps = shown(steps_while_running(phase.start))
    place = phase_position(phase.name)
    assert steps[place - 1] == ("completed", 100)
    assert steps[place] == ("in_progress", 0)
    assert steps[place + 1 :] == [("pending", 0)] * (6 - place)


@pytest.mark.parametrize("phase", PHASES[1:], ids=PHASE_NAMES[1:])
def test_just_below_a_boundary_the_step_is_in_progress(phase):
    below = phase.start - 1e-9
    steps = shown(steps_while_running(below))
    place = phase_position(phase.name)
    assert steps[place - 1] == ("in_progress", 100)
    assert steps[place] == ("pending", 0)


def test_halves_are_rounded_to_even():
    # 12.5 % and 37.5 % of the validation's 85 to 95
    assert steps_while_running(86.25)[5].progress == 12
    assert steps_while_running(88.75)[5].progress == 38


def test_the_last_step_is_not_completed_while_the_run_goes_on():
    assert shown(steps_while_running(100.0))[-1] == ("in_progress", 100)


def test_a_run_that_begins_is_in_its_first_step():
    assert shown(steps_while_running(0.0)) == [("in_progress", 0), *[("pending", 0)] * 6]


def test_a_failed_run_has_failed_in_its_phase_and_nothing_is_in_progress():
    assert shown(steps_when_failed(45.0, "entity_extraction_optimization")) == [
        ("completed", 100),
        ("completed", 100),
        ("failed", 100),
        *[("pending", 0)] * 4,
    ]


def test_all_steps_are_pending_before_and_completed_after():
    assert shown(STEPS_WHEN_PENDING) == [("pending", 0)] * 7
    assert shown(STEPS_WHEN_COMPLETED) == [("completed", 100)] * 7


def test_before_any_phase_comes_before_the_first():
    assert phase_position(None) < phase_position("initialization")
