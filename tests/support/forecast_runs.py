"""Runs for a forecast to learn from."""

from training_status.forecast.expectation import RunTimes
from training_status.phases import PHASES

SECONDS = (2.0, 8.0, 600.0, 300.0, 3.0, 120.0, 4.0)
NO_HALVES = (None,) * len(PHASES)


def run(seconds: tuple[float | None, ...] = SECONDS, samples: int | None = 100) -> RunTimes:
    return RunTimes(seconds, NO_HALVES, samples)
