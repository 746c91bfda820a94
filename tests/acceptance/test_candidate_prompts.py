"""`…/candidate-prompts`: what a candidate says to models, beside another one."""

import httpx
import pytest

from tests.support.answers import ok, problem
from tests.support.optimizer_events import candidate, evaluation
from tests.support.runs import Run


def prompts_of(run: Run, **parameters: str) -> dict:
    return ok(run.client.get(f"{run.path}/candidate-prompts", params=parameters))  # type: ignore[no-any-return]


def says(instruction: str | None, *demonstrations: dict) -> dict:
    return {"predictors": {"extract": {"instruction": instruction, "demonstrations": list(demonstrations)}}}


def test_the_best_beside_the_initial_one(run: Run) -> None:
    run.send(
        candidate("other", **says("Other.")),
        candidate("first", origin="initial", **says("Find.")),
        candidate("better", parents=["first"], origin="reflected", **says("Find all.", {"text": "a"})),
        evaluation("first", 0.5),
        evaluation("better", 0.75),
    )
    body = prompts_of(run)
    best, initial = body["candidate"], body["compared_with"]
    assert (best["candidate"], best["score"], best["parents"], best["is_cut_off"]) == ("better", 0.75, ["first"], False)
    assert best["predictors"] == {
        "extract": {"instruction": "Find all.", "demonstrations": [{"text": "a"}], "demonstration_count": 1}
    }
    assert (initial["candidate"], initial["predictors"]["extract"]["instruction"]) == ("first", "Find.")
    body = prompts_of(run, candidate="other", compared_with="better")
    assert [body[name]["candidate"] for name in ("candidate", "compared_with")] == ["other", "better"]


def test_nothing_to_compare_with(run: Run) -> None:
    assert prompts_of(run) == {"candidate": None, "compared_with": None}
    run.send(evaluation("unreported"))
    body = prompts_of(run)
    assert (body["candidate"]["predictors"], body["compared_with"]) == (None, None)
    run.send(candidate("unreported"))
    assert prompts_of(run)["compared_with"] is None


def test_long_texts_are_cut_off(run: Run) -> None:
    long = {"instruction": "ä" * 100_000, "demonstrations": [{"text": "x" * 30_000} for _ in range(9)]}
    run.send(candidate("a", predictors={"one": long, "two": {"instruction": "short"}}))
    answer = run.client.get(f"{run.path}/candidate-prompts")
    assert len(answer.content) < 300_000
    told = ok(answer)["candidate"]
    assert told["is_cut_off"] is True
    assert told["predictors"]["one"]["instruction"].startswith("ääää")
    assert told["predictors"]["one"]["demonstration_count"] == 9
    assert 1 <= len(told["predictors"]["one"]["demonstrations"]) < 9
    assert told["predictors"]["two"]["instruction"] == "short"


@pytest.mark.parametrize("unknown", [{"candidate": "z"}, {"compared_with": "z"}])
def test_an_unknown_candidate(run: Run, unknown: dict[str, str]) -> None:
    run.send(candidate("a"))
    answer = run.client.get(f"{run.path}/candidate-prompts", params=unknown)
    assert problem(answer, 404)["code"] == "candidate_not_found"


def test_who_may_read_it(viewer: httpx.Client, nobody: httpx.Client, run: Run) -> None:
    problem(nobody.get(f"{run.path}/candidate-prompts"), 401)
    problem(viewer.get("/training-runs/6f9619ff-8b86-4011-b42d-00c04fc964ff/candidate-prompts"), 404)
    problem(viewer.get(f"{run.path}/candidate-prompts?candidate=%00"), 422)
