"""Candidates, evaluations and usage of each optimiser, against what DSPy and the model say themselves."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optimizer_setups
import pytest
from aegis_tracker import phases
from aegis_tracker.dspy import track
from domain_training.tasks import Task
from watched_findings import (
    COUNTS,
    Event,
    best_evaluation,
    counting_model,
    evaluations_of_dspy,
    of_type,
    score_in_a_fresh_process,
    scores_of_simba,
    used,
)
from watched_optimization import Student, entity_metric, entity_task, watched

PHASE = phases.ENTITY_EXTRACTION_OPTIMIZATION
ROUNDING = 0.005001 / 100
TESTS = Path(__file__).parent

Make = Callable[[Task, Any], tuple[Any, dict[str, Any]]]


OPTIMIZERS: tuple[Make, ...] = (
    optimizer_setups.bootstrap,
    optimizer_setups.random_search,
    optimizer_setups.miprov2,
    optimizer_setups.miprov2_minibatches,
    optimizer_setups.miprov2_auto,
    optimizer_setups.miprov2_without_demos,
    optimizer_setups.gepa,
    optimizer_setups.gepa_full_evaluations,
    optimizer_setups.gepa_with_merges,
    optimizer_setups.simba,
    optimizer_setups.copro,
)


def found(make: Make, tmp_path: Path, threads: int = 1) -> tuple[list[Event], list[tuple[float, int]], Any, Any]:
    """The events of an optimisation, DSPy's own evaluations, SIMBA's own scores and the engine's counts."""
    model, engine = counting_model()
    with watched(tmp_path, model) as seen, evaluations_of_dspy() as evaluations, scores_of_simba() as simba:
        task = entity_task()
        optimizer, arguments = make(task, entity_metric(task))
        if hasattr(optimizer, "num_threads"):
            optimizer.num_threads = threads
        if "eval_kwargs" in arguments:
            arguments["eval_kwargs"]["num_threads"] = threads
        with track(seen.tracker, PHASE, metric="entity_f1"):
            optimizer.compile(Student(task, seen.tracker), **arguments)
        return seen.events(), evaluations.seen, simba, engine.counts


@pytest.mark.parametrize("threads", [1, 8])
@pytest.mark.parametrize("make", OPTIMIZERS)
def test_evaluations_and_usage_are_those_of_dspy(make: Make, threads: int, tmp_path: Path) -> None:
    events, evaluations, simba, counts = found(make, tmp_path, threads)
    reported = of_type(events, "evaluation")
    assert {event["metric"] for event in reported} <= {"entity_f1"}
    told = [(event["score"], event["example_count"]) for event in reported]
    if make is optimizer_setups.simba:
        assert [score for score, _ in told] == pytest.approx(simba, abs=1e-9)
    else:
        assert [size for _, size in told] == [size for _, size in evaluations]
        assert [score for score, _ in told] == pytest.approx(
            [percent / 100 for percent, _ in evaluations], abs=ROUNDING
        )
    for event in reported:
        scores = event["example_scores"]
        assert len(scores) == len(event["example_ids"]) == event["example_count"]
        assert sum(scores) / len(scores) == pytest.approx(event["score"], abs=1e-9)
        assert event.get("duration_ms", 1) > 0
    assert {name: used(events)[name] for name in COUNTS} == {name: counts[name] for name in COUNTS}
    assert used(events).keys() <= set(COUNTS)


@pytest.mark.parametrize("make", OPTIMIZERS)
def test_candidates_say_what_was_evaluated(make: Make, tmp_path: Path) -> None:
    events, *_ = found(make, tmp_path)
    candidates = {event["candidate"]: event for event in of_type(events, "candidate")}
    reported = of_type(events, "evaluation")
    assert len(candidates) == len(of_type(events, "candidate"))
    assert {event["candidate"] for event in reported} <= candidates.keys()
    first, *others = candidates.values()
    assert (first["origin"], first.get("parents")) == ("initial", None)
    origins = {event["origin"] for event in others}
    expected = {
        "bootstrap": {"bootstrapped"},
        "random_search": {"bootstrapped"},
        "copro": {"proposed"},
        "simba": {"bootstrapped", "reflected"},
        "gepa_with_merges": {"reflected", "merged"},
    }
    kind = next((kind for kind in expected if make.__name__.endswith(kind)), make.__name__.split("_")[0])
    assert origins <= expected.get(kind, {"proposed"} if kind == "miprov2" else {"reflected"})
    assert others
    assert all(set(event["parents"]) <= candidates.keys() and event["parents"] for event in others)
    contents = [json.dumps(event["predictors"], sort_keys=True) for event in candidates.values()]
    # COPRO also changes the prefix of a field, which is in the state alone.
    assert make is optimizer_setups.copro or len(set(contents)) == len(contents)
    assert all(event["predictors"].keys() == {"extract"} for event in candidates.values())


def test_gepa_has_a_lineage(tmp_path: Path) -> None:
    events, *_ = found(optimizer_setups.gepa, tmp_path)
    candidates = {event["candidate"]: event for event in of_type(events, "candidate")}
    seed, *others = candidates.values()
    assert {event["parents"][0] for event in others} > {seed["candidate"]}, "not all come from the first"
    for event in others:
        (parent,) = (candidates[name] for name in event["parents"])
        before, after = (one["predictors"]["extract"]["instruction"] for one in (parent, event))
        assert before != after


def test_full_evaluations_and_minibatches_are_told_apart(tmp_path: Path) -> None:
    events, *_ = found(optimizer_setups.miprov2_minibatches, tmp_path)
    reported = of_type(events, "evaluation")
    assert {(event["split"], event["example_count"]) for event in reported} == {("development", 24), ("minibatch", 8)}
    full = [event for event in reported if event["split"] == "development"]
    assert all(event["example_ids"] == [f"development-{place}" for place in range(24)] for event in full)
    parts = [event for event in reported if event["split"] == "minibatch"]
    assert all(set(event["example_ids"]) < set(full[0]["example_ids"]) for event in parts)


@pytest.mark.parametrize(
    "make",
    [
        optimizer_setups.random_search,
        optimizer_setups.miprov2,
        optimizer_setups.gepa,
        optimizer_setups.simba,
        optimizer_setups.copro,
    ],
)
def test_the_best_program_loads_and_scores_the_same(make: Make, tmp_path: Path) -> None:
    events, *_ = found(make, tmp_path)
    best = best_evaluation(events)
    (candidate,) = (event for event in of_type(events, "candidate") if event["candidate"] == best["candidate"])
    # COPRO's development samples are its training set.
    split = "development" if make is optimizer_setups.copro else best["split"]
    assert score_in_a_fresh_process(candidate, split, tmp_path) == pytest.approx(best["score"], abs=1e-9)
