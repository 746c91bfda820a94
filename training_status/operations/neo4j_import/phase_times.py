"""When a run was in which phase, by the steps and times of its log.

The learned forecast reads the phase times of completed runs, so doubtful ones must not be stored for them.
"""

from datetime import datetime
from itertools import pairwise
from typing import Final

from training_status.ingest.exported_run import ExportedPhaseTiming
from training_status.phases import PHASE_NAMES, overall_percent, phase_position

_HALF: Final = 0.5


class PhaseTimes:
    """Collects when each phase was first named. As for reporters, a phase before the current one changes nothing."""

    def __init__(self, started_at: datetime) -> None:
        self._started_at = started_at
        self._began: dict[str, datetime] = {}
        self._middles: dict[str, tuple[datetime, float]] = {}
        self._latest = started_at
        self._doubt: str | None = None

    @property
    def current(self) -> str | None:
        """The furthest phase that was named."""
        return next(reversed(self._began), None)

    def observe(self, phase: str, at: datetime, *, has_time: bool, percent: float | None) -> None:
        """A message names the phase. `has_time`: `at` is its own time."""
        if at < self._latest:
            self._doubt = "the times of its messages go back"
        self._latest = max(self._latest, at)
        if phase_position(phase) > phase_position(self.current):
            if not has_time and phase != PHASE_NAMES[0]:
                self._doubt = f"the first message of {phase} has no time"
            # A run begins with its first phase, as for reporters.
            self._began[phase] = self._started_at if phase == PHASE_NAMES[0] else at
        if percent is not None and phase == self.current and phase not in self._middles:
            start, end = overall_percent(phase, 0.0), overall_percent(phase, 1.0)
            fraction = (percent - start) / (end - start)
            if fraction >= _HALF:
                self._middles[phase] = at, min(fraction, 1.0)

    def doubt(self, ended_at: datetime, *, is_completed: bool) -> str | None:
        """Why the times are not to be stored; None if they are."""
        if not self._began:
            return "no message names a phase"
        if self._latest > ended_at:
            return "a message of a phase is later than the end of the run"
        if is_completed and tuple(self._began) != PHASE_NAMES:
            missing = next(name for name in PHASE_NAMES if name not in self._began)
            return f"no message names the phase {missing}, whose time is part of another's"
        return self._doubt

    def timings(self, ended_at: datetime) -> list[ExportedPhaseTiming]:
        """The times of all phases that were named; the last one ends with the run."""
        ends = [*(self._began[following] for _, following in pairwise(self._began)), ended_at]
        return [
            self._timing(phase, began_at, phase_end)
            for (phase, began_at), phase_end in zip(self._began.items(), ends, strict=True)
        ]

    def _timing(self, phase: str, started_at: datetime, ended_at: datetime) -> ExportedPhaseTiming:
        middle_at, fraction = self._middles.get(phase, (None, None))
        return ExportedPhaseTiming(
            phase=phase, started_at=started_at, ended_at=ended_at, middle_at=middle_at, middle_fraction=fraction
        )
