"""Events of runs that look like real ones, for pages and pictures."""

from datetime import datetime, timedelta

from tests.support.runs import log, progress
from training_status.phases import PHASE_NAMES

ENTITY, RELATION = "entity_extraction_optimization", "relation_extraction_optimization"
# What the phases of a run take in the pictures.
TAKEN_S = dict(zip(PHASE_NAMES, (9, 40, 1800, 1100, 12, 320, 14), strict=True))


def steps(name: str, count: int, best: float) -> list[dict[str, object]]:
    """What a phase reports."""
    if name in (ENTITY, RELATION):
        return trials(name, count, best)
    return [progress(step / 4) for step in range(1, 5)]


def spread(events: list[dict[str, object]], begun: datetime, seconds: float) -> list[dict[str, object]]:
    """The same events, over so many seconds."""
    each = seconds / len(events)
    return [
        {**event, "timestamp": (begun + timedelta(seconds=each * place)).isoformat()}
        for place, event in enumerate(events)
    ]


def trials(name: str, count: int, best: float) -> list[dict[str, object]]:
    """What a search reports: a step and a line for each trial, towards the best score."""
    told = []
    for trial in range(1, count + 1):
        score = round(best * (1 - 0.35 / trial**0.6), 4)
        metric = "entity_f1" if name == ENTITY else "relation_f1"
        told.append(progress(trial / count, message=f"trial {trial} of {count}", metrics={metric: score}))
        told.append(log(f"{3 + trial % 4} demonstrations, score {score:.3f}", "DEBUG", step=name))
    return told


def scores(f1: float) -> dict[str, float]:
    """The final metrics of a run."""
    return {"entity_f1": f1, "relation_f1": round(f1 - 0.06, 2), "validation_loss": round(1 - f1, 2)}
