"""The scores of SIMBA's programs, example by example.

SIMBA evaluates programs by itself, not through `dspy.Evaluate`. When it writes their scores to its log, they are also
in the variables of its `compile`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ScoredProgram:
    """`parent` is the program that it was made from, if that is known. `failed` examples had no answer."""

    program: Any
    parent: Any
    score: float
    split: str
    examples: list[Any]
    example_scores: list[float | None]

    @property
    def failed(self) -> int:
        """How many examples have no score."""
        return sum(score is None for score in self.example_scores)


def scores_of_batch(values: Mapping[str, Any]) -> list[ScoredProgram]:
    """The new programs of a batch, on the batch."""
    programs, batch, pool = values["system_candidates"], values["batch"], values["programs"]
    sources = {getattr(program, "simba_idx", None): program for program in pool}
    return [
        ScoredProgram(
            program,
            sources.get(getattr(program, "simba_idx", None)),  # which a copy keeps until it has a number of its own
            float(score),
            "minibatch",
            batch,
            _example_scores(values["outputs"], number, len(batch)),
        )
        for number, (program, score) in enumerate(zip(programs, values["candidate_scores"], strict=True))
    ]


def final_scores(values: Mapping[str, Any]) -> list[ScoredProgram]:
    """The best programs of all batches, on the training set."""
    trainset = values["trainset"]
    return [
        ScoredProgram(
            program, None, float(score), "train", trainset, _example_scores(values["outputs"], number, len(trainset))
        )
        for number, (program, score) in enumerate(zip(values["candidate_programs"], values["scores"], strict=True))
    ]


def _example_scores(outputs: list[dict[str, Any]], number: int, size: int) -> list[float | None]:
    ran = outputs[number * size : (number + 1) * size]
    return [None if one["prediction"] is None else float(one["score"]) for one in ran]
