"""The amount at the end of a run: from its own pace, and from what earlier runs used in each phase."""

import math
from itertools import product

import pytest

from training_status.forecast.amounts import (
    AmountForecast,
    AmountSoFar,
    ExpectedAmount,
    UsedAmounts,
    amount_forecast,
    expected_amount,
)
from training_status.forecast_methods import HISTORY, LINEAR
from training_status.phases import PHASES

COSTS = (0.0, 0.0, 1.2, 0.9, 0.0, 0.3, 0.0)
ENTITY, RELATION, VALIDATION = 2, 3, 5
NOTHING = (0.0,) * len(PHASES)


def learned(*factors: float, is_new: bool = False, by_phase: tuple[float, ...] = COSTS) -> ExpectedAmount | None:
    runs = [UsedAmounts(tuple(one * factor for one in by_phase)) for factor in factors]
    return expected_amount(runs, None, is_new=is_new)


def so_far(phase: int, fraction: float, factor: float = 1.0, by_phase: tuple[float, ...] = COSTS) -> AmountSoFar:
    """What a run that uses `factor` times as much has used at this place."""
    used = [one * factor for one in by_phase[:phase]] + [by_phase[phase] * factor * fraction]
    return AmountSoFar([*used, *NOTHING[phase + 1 :]], phase, fraction)


def forecast(*arguments: object, **more: object) -> AmountForecast:
    made = amount_forecast(*arguments, **more)  # type: ignore[arg-type]
    assert made is not None
    return made


def test_a_run_like_those_before_it() -> None:
    made = forecast(so_far(ENTITY, 0.5), learned(1.0, 0.9, 1.1))
    assert made.total == pytest.approx(sum(COSTS), rel=0.05)
    assert made.low < sum(COSTS) < made.high
    assert (made.method, made.based_on_runs) == (HISTORY, 3)


def test_before_any_of_it_is_used_it_is_what_earlier_runs_used() -> None:
    made = forecast(AmountSoFar(NOTHING, 0, 0.5), learned(1.0))
    assert made.total == pytest.approx(sum(COSTS), rel=0.01)


def test_a_run_that_uses_twice_as_much_is_noticed() -> None:
    made = forecast(so_far(RELATION, 0.5, factor=2.0), learned(1.0, 0.95, 1.05))
    assert made.total == pytest.approx(2 * sum(COSTS), rel=0.15)


def test_another_model_may_cost_many_times_as_much() -> None:
    made = forecast(so_far(ENTITY, 0.5, factor=20.0), learned(1.0, 0.95, is_new=True))
    assert made.total == pytest.approx(20 * sum(COSTS), rel=0.3)


def test_the_own_pace_is_that_of_the_phases_that_used_something() -> None:
    """Half of the entity phase, 17.5 percent of the run by its share, has used 0.6; 72.5 percent are left."""
    made = forecast(so_far(ENTITY, 0.5), None)
    assert made.total == pytest.approx(0.6 / 17.5 * (17.5 + 72.5), rel=0.05)
    assert made.low < sum(COSTS) < made.high
    assert (made.method, made.based_on_runs) == (LINEAR, 0)


def test_it_is_never_less_than_what_is_used() -> None:
    for phase, fraction, factor, expected in product(
        range(len(PHASES)), (0.0, 1e-9, 0.5, 1.0), (1e-6, 1.0, 1e6), (None, learned(1.0), learned(1.0, is_new=True))
    ):
        used = so_far(phase, fraction, factor)
        made = amount_forecast(used, expected)
        if made is not None:
            assert sum(used.by_phase) <= made.low <= made.total <= made.high < math.inf


def test_at_the_end_nothing_is_left() -> None:
    made = forecast(so_far(len(PHASES) - 1, 1.0), learned(1.0))
    assert made.high == pytest.approx(sum(COSTS), rel=1e-3)


@pytest.mark.parametrize("by_phase", [COSTS, tuple(one * 1e9 for one in COSTS), tuple(one * 1e-9 for one in COSTS)])
def test_it_is_the_same_in_any_unit(by_phase: tuple[float, ...]) -> None:
    for expected in (learned(1.0, 1.2, by_phase=by_phase), None):
        made = forecast(so_far(RELATION, 0.3, 1.1, by_phase), expected)
        same = forecast(so_far(RELATION, 0.3, 1.1), None if expected is None else learned(1.0, 1.2))
        scale = sum(by_phase) / sum(COSTS)
        assert (made.total, made.low, made.high) == pytest.approx(
            (same.total * scale, same.low * scale, same.high * scale), rel=1e-9
        )


def test_nothing_is_known() -> None:
    assert amount_forecast(AmountSoFar(NOTHING, ENTITY, 0.5), None) is None
    assert amount_forecast(AmountSoFar(COSTS, 0, 0.0), None) is None  # nothing that is done used anything
    assert learned() is None
    assert learned(0.0, 0.0) is None


def test_runs_that_used_nothing_teach_nothing() -> None:
    expected = learned(1.0, 0.0, 1.1)
    assert expected is not None
    assert expected.expected.runs == 2


def test_more_samples_use_more() -> None:
    expected = expected_amount([UsedAmounts(COSTS, 100)], 300, is_new=False)
    made = forecast(AmountSoFar(NOTHING, 0, 0.5), expected)
    assert made.total == pytest.approx(3 * sum(COSTS), rel=0.01)
