"""The metric that the optimisers maximise, with feedback in words for the ones that can read."""

import json
from collections.abc import Callable, Hashable, Iterable

import dspy

from domain_training.programs import RelationAnswer
from domain_training.scoring import Comparison, compare

Metric = Callable[..., float | dspy.Prediction]


def compare_entities(example: dspy.Example, prediction: dspy.Prediction) -> Comparison:
    """Entities of an answer against the expected ones."""
    return compare(example.entities, prediction.entities)


def compare_relations(example: dspy.Example, prediction: dspy.Prediction) -> Comparison:
    """Relations of an answer against the expected ones."""
    return compare(map(_triple, example.relations), map(_triple, prediction.relations))


def make_metric(compare_answer: Callable[[dspy.Example, dspy.Prediction], Comparison]) -> Metric:
    """F1 of one sample, as a metric for every optimiser; with feedback where GEPA asks for it, by `pred_name`."""

    def metric(
        example: dspy.Example,
        prediction: dspy.Prediction,
        trace: object = None,
        pred_name: str | None = None,
        pred_trace: object = None,
    ) -> float | dspy.Prediction:
        comparison = compare_answer(example, prediction)
        if pred_name is not None:
            return dspy.Prediction(score=comparison.f1, feedback=describe(comparison))
        return comparison.f1

    return metric


def describe(comparison: Comparison) -> str:
    """What is wrong with an answer, for a model that writes instructions."""
    if not comparison.missing and not comparison.unexpected:
        return "Right."
    parts = [("Missing", comparison.missing), ("Not expected", comparison.unexpected)]
    return " ".join(f"{name}: {_names(items)}." for name, items in parts if items)


def _names(items: Iterable[Hashable]) -> str:
    return ", ".join(_as_json(item) if isinstance(item, tuple) else f"`{item}`" for item in items)


def _as_json(triple: tuple[str, ...]) -> str:
    return json.dumps(dict(zip(("subject", "predicate", "object"), triple, strict=True)), ensure_ascii=False)


def _triple(relation: RelationAnswer) -> tuple[str, str, str]:
    return (relation.subject, relation.predicate, relation.object)
