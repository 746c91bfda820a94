"""Reading what two candidates of a run say to a model, to compare them, as far as a page can show it."""

from dataclasses import dataclass
from typing import Any, Final

import msgspec
from django.db import connection

from training_status.read.candidates import CandidateList, CandidateScore, candidate_by_name

TEXTS_MAX_BYTES: Final = 120_000  # of one candidate's instructions and demonstrations, as JSON

_INITIAL: Final = """
    SELECT name FROM training_status_candidate
     WHERE run_id = %s ORDER BY origin = 'initial' DESC, number LIMIT 1
"""


@dataclass(slots=True)
class ShownPredictor:
    """What a predictor says, or its beginning; `demonstration_count` counts all demonstrations."""

    instruction: str | None
    demonstrations: list[dict[str, Any]]
    demonstration_count: int


@dataclass(slots=True)
class CandidatePrompts:
    """A candidate with its predictors by name, None where they were not reported. `is_cut_off`: there is more."""

    score: CandidateScore
    predictors: dict[str, ShownPredictor] | None
    is_cut_off: bool


def best_candidate(run_id: int, metric: str | None, *, lower_is_better: bool) -> str | None:
    """Return the name of the best candidate, or None without any."""
    first = CandidateList(run_id, metric, lower_is_better=lower_is_better, order="score").part(0, 1)
    return first[0].name if first else None


def initial_candidate(run_id: int) -> str | None:
    """Return the name of the first candidate that is the initial program, or the first of all. None without any."""
    with connection.cursor() as cursor:
        cursor.execute(_INITIAL, (run_id,))
        row = cursor.fetchone()
    return None if row is None else str(row[0])


def candidate_prompts(run_id: int, name: str, metric: str | None, *, lower_is_better: bool) -> CandidatePrompts | None:
    """Return what a candidate says to models, or None if there is no such candidate."""
    found = candidate_by_name(run_id, name, metric, lower_is_better=lower_is_better)
    if found is None:
        return None
    score, program = found
    if program.predictors is None:
        return CandidatePrompts(score, None, False)
    predictors, is_cut_off = _within_limit(program.predictors)
    return CandidatePrompts(score, predictors, is_cut_off)


def _within_limit(predictors: dict[str, Any]) -> tuple[dict[str, ShownPredictor], bool]:
    """Instructions come before demonstrations, and both in their order, until the limit is reached."""
    left, is_cut_off = TEXTS_MAX_BYTES, False
    shown: dict[str, ShownPredictor] = {}
    for name, predictor in predictors.items():
        left -= _bytes(name)
        if left < 0:
            return shown, True
        instruction = predictor.get("instruction")
        if instruction is not None:
            kept = instruction if _bytes(instruction) <= left else instruction[: left // 6]  # a character has 6 at most
            is_cut_off |= kept != instruction
            left -= _bytes(kept)
            instruction = kept
        shown[name] = ShownPredictor(instruction, [], len(predictor.get("demonstrations", ())))
    for name, one in shown.items():
        for demonstration in predictors[name].get("demonstrations", ()):
            left -= _bytes(demonstration)
            if left < 0:
                return shown, True
            one.demonstrations.append(demonstration)
    return shown, is_cut_off


def _bytes(value: Any) -> int:
    return len(msgspec.json.encode(value))
