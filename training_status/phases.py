"""The list of the training phases, and the arithmetic between phase and percentage.

Everything else in the project imports these names or is sent them; nothing else spells them.
Percentages are double precision, 0.0 to 100.0, of the whole run.
"""

from typing import NamedTuple


class Phase(NamedTuple):
    """One phase and the part of the whole run that it stands for, in percent.

    `grows_with_samples`: it takes longer with more samples, as the forecast assumes.
    """

    name: str
    start: float
    end: float
    grows_with_samples: bool = False

    @property
    def share(self) -> float:
        """The part of the whole run, in percent."""
        return self.end - self.start

    def step(self, status: str, progress: int) -> "Step":
        """The line of the breakdown for this phase."""
        return Step(self.name, status, progress, self.share)


class Step(NamedTuple):
    """One line of the breakdown that people see: `progress` is an integer 0..100, `share` a percentage of the run."""

    name: str
    status: str
    progress: int
    share: float


PHASES = (
    Phase("initialization", 0.0, 5.0),
    Phase("loading_data", 5.0, 10.0, grows_with_samples=True),
    Phase("entity_extraction_optimization", 10.0, 45.0, grows_with_samples=True),
    Phase("relation_extraction_optimization", 45.0, 80.0, grows_with_samples=True),
    Phase("prompt_extraction", 80.0, 85.0),
    Phase("model_validation", 85.0, 95.0, grows_with_samples=True),
    Phase("saving_results", 95.0, 100.0),
)
PHASE_NAMES = tuple(phase.name for phase in PHASES)
# What AegisRAG called some of them before.
EARLIER_NAMES = {
    "initializing": "initialization",
    "entity_optimization": "entity_extraction_optimization",
    "relation_optimization": "relation_extraction_optimization",
    "validation": "model_validation",
    "saving": "saving_results",
}
FIRST_PHASE = PHASES[0]
LAST_PHASE = PHASES[-1]

STEP_PENDING = "pending"
STEP_IN_PROGRESS = "in_progress"
STEP_COMPLETED = "completed"
STEP_FAILED = "failed"
STEP_STATUSES = (STEP_PENDING, STEP_IN_PROGRESS, STEP_COMPLETED, STEP_FAILED)

_POSITION = {phase.name: position for position, phase in enumerate(PHASES)}


def displayed_phase(current_phase: str | None, *, is_completed: bool) -> str:
    """The phase of a run as people see it: the first before any is entered, the last when the run is completed."""
    return LAST_PHASE.name if is_completed else current_phase or FIRST_PHASE.name


def phase_position(name: str | None) -> int:
    """The place of a phase in the order of a run, 0 for the first; -1 before any phase (`None`)."""
    return -1 if name is None else _POSITION[name]


def overall_percent(phase_name: str, fraction: float) -> float:
    """The percentage of the whole run with `fraction` (0.0 to 1.0) of a phase done."""
    phase = PHASES[_POSITION[phase_name]]
    return phase.start + fraction * (phase.end - phase.start)


def phase_at(percent: float) -> str:
    """The phase that a run is in at this percentage; the last one at 100."""
    return next((phase.name for phase in PHASES if percent < phase.end), PHASES[-1].name)


def phase_progress(phase: Phase, percent: float) -> int:
    """How much of `phase` is done at `percent` of the run: 0..100, halves rounded to even."""
    if percent < phase.start:
        return 0
    if percent >= phase.end:
        return 100
    return round(100 * (percent - phase.start) / (phase.end - phase.start))


def steps_while_running(percent: float) -> list[Step]:
    """The breakdown of a run in progress. The last step is never completed before the run is."""
    steps = []
    for phase in PHASES:
        progress = phase_progress(phase, percent)
        if percent < phase.start:
            status = STEP_PENDING
        elif percent >= phase.end and phase is not LAST_PHASE:
            status = STEP_COMPLETED
        else:
            status = STEP_IN_PROGRESS
        steps.append(phase.step(status, progress))
    return steps


def steps_when_failed(percent: float, failed_phase: str) -> list[Step]:
    """The breakdown of a failed run: the phase it failed in, all before it done, none after it begun."""
    position = _POSITION[failed_phase]
    return [
        phase.step(STEP_COMPLETED, 100)
        if place < position
        else phase.step(STEP_FAILED, phase_progress(phase, percent))
        if place == position
        else phase.step(STEP_PENDING, 0)
        for place, phase in enumerate(PHASES)
    ]


STEPS_WHEN_PENDING = [phase.step(STEP_PENDING, 0) for phase in PHASES]
STEPS_WHEN_COMPLETED = [phase.step(STEP_COMPLETED, 100) for phase in PHASES]
