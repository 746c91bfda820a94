"""`…/example-scores`: how candidates did on each example."""

from typing import Any

import httpx
import pytest

from tests.support.answers import ok, problem
from tests.support.optimizer_events import candidate, evaluation
from tests.support.runs import Run


def scores_of(run: Run, **parameters: Any) -> dict[str, Any]:
    return ok(run.client.get(f"{run.path}/example-scores", params=parameters))  # type: ignore[no-any-return]


def tried(name: str, *scores: float | None, **more: Any) -> dict[str, Any]:
    fields = {"example_count": len(scores), "example_scores": list(scores), **more}
    return evaluation(name, sum(score or 0 for score in scores) / len(scores), **fields)


def test_the_hardest_examples_come_first(run: Run) -> None:
    names = ["x", "y", "z", "u/v"]
    run.send(
        tried("a", 0, 1, 0.55, None, example_ids=names),
        tried("b", 0.3, 1, 0.1, 0.4, example_ids=names),
        tried("c", 0.4, 0.5, 0.5, example_ids=["x", "y", "z"], split="minibatch"),
    )
    body = scores_of(run)
    assert (body["metric"], body["split"], body["splits"]) == ("entity_f1", "development", ["development", "minibatch"])
    assert (body["solved_from"], body["lowest"], body["highest"], body["is_exact"]) == (0.5, 0, 1, True)
    assert (body["example_count"], body["unsolved_count"], body["candidate_count"]) == (4, 2, 2)
    assert (body["candidates"]["candidate"], body["candidates"]["evaluation"]) == (["b", "a"], [2, 1])
    assert body["examples"] == {
        "example": ["x", "u/v", "z", "y"],
        "solved_count": [0, 0, 1, 2],
        "evaluated_count": [2, 2, 2, 2],
        "best_score": [0.3, 0.4, 0.55, 1],
    }
    assert body["cells"] == ["3419", "0x59"]
    assert scores_of(run, split="minibatch")["cells"] == ["455"]
    assert scores_of(run, solved_from=1)["unsolved_count"] == 3
    assert scores_of(run, examples=1, offset=3, candidates=1)["cells"] == ["9"]


def test_the_latest_score_of_a_candidate_counts_and_others_are_not_evaluated(run: Run) -> None:
    run.send(
        tried("a", 0, 0, example_ids=["x", "y"], split="minibatch"),
        tried("a", 1, 0, example_ids=["x", "z"], split="minibatch"),
        tried("b", 1, 0, example_ids=["y", "z"], split="minibatch"),
    )
    body = scores_of(run)
    told = body["examples"]
    assert dict(zip(told["example"], told["solved_count"], strict=True)) == {"z": 0, "y": 1, "x": 1}
    assert body["candidates"]["candidate"] == ["a", "b"]
    assert body["cells"] == ["009", "09."]


def test_an_example_that_was_drawn_twice_counts_once(run: Run) -> None:
    run.send(tried("a", 1, 0, 1, example_ids=["x", "y", "x"]), tried("b", 0, 0, 0, example_ids=["x", "y", "x"]))
    told = scores_of(run)["examples"]
    assert (told["example"], told["solved_count"], told["evaluated_count"]) == (["y", "x"], [0, 1], [2, 2])


def test_a_lower_loss_solves_examples(run: Run) -> None:
    run.send(tried("a", 0.1, 40, metric="loss"), tried("b", 20, 30, metric="loss"))
    body = scores_of(run)
    assert (body["lower_is_better"], body["highest"], body["solved_from"]) == (True, 40, 20)
    assert body["examples"]["example"] == ["1", "0"]
    assert body["examples"]["solved_count"] == [0, 2]
    assert body["examples"]["best_score"] == [30, 0.1]


def test_the_exact_scores_of_one_example(run: Run) -> None:
    run.send(
        tried("a", 0, 1 / 3, example_ids=["x", "u/v"]),
        tried("b", 0, None, example_ids=["x", "u/v"]),
        tried("c", 0.5, 2 / 3, example_ids=["x", "u/v"]),
        tried("c", 0.5, example_ids=["x"]),
    )
    one = ok(run.client.get(f"{run.path}/example-scores/u%2Fv"))
    assert (one["metric"], one["split"], one["example"]) == ("entity_f1", "development", "u/v")
    assert (one["candidate"], one["evaluation"], one["score"]) == (["c", "a", "b"], [3, 1, 2], [2 / 3, 1 / 3, None])
    assert problem(run.client.get(f"{run.path}/example-scores/z"), 404)["code"] == "example_not_found"


def test_examples_without_names_are_known_by_their_place(run: Run) -> None:
    run.send(tried("a", 0.25, 0.75))
    assert scores_of(run)["examples"]["example"] == ["0", "1"]
    assert ok(run.client.get(f"{run.path}/example-scores/1"))["score"] == [0.75]
    for unknown in ("2", "-1", "99999999999999999999"):
        problem(run.client.get(f"{run.path}/example-scores/{unknown}"), 404)


def test_many_examples_are_thinned(run: Run) -> None:
    names = [f"example {place}" for place in range(10_000)]
    run.send(tried("a", *[0.0 if place == 7777 else 1.0 for place in range(10_000)], example_ids=names))
    body = scores_of(run)
    assert (body["example_count"], body["unsolved_count"]) == (10_000, 1)
    assert body["examples"]["example"][:2] == ["example 7777", "example 0"]
    assert body["cells"] == ["0" + "9" * 399]
    assert ok(run.client.get(f"{run.path}/example-scores/example 9999"))["score"] == [1]


def test_long_names_make_fewer_examples(run: Run) -> None:
    names = [f"{place:05}" + "\x01" * 195 for place in range(600)]
    run.send(tried("a", *[1.0] * 600, example_ids=names))
    answer = run.client.get(f"{run.path}/example-scores")
    assert len(answer.content) < 300_000
    body = ok(answer)
    assert body["example_count"] == 600
    assert {len(row) for row in body["cells"]} == {len(body["examples"]["example"])}


def test_no_scores_of_examples(run: Run) -> None:
    run.send(candidate("a"), evaluation("a"))
    body = scores_of(run)
    assert (body["split"], body["splits"], body["example_count"], body["cells"]) == (None, [], 0, [])
    problem(run.client.get(f"{run.path}/example-scores/0"), 404)


@pytest.mark.parametrize(
    "bad",
    ["split=x", "solved_from=x", "solved_from=1e999", "candidates=61", "candidates=0", "examples=401", "offset=-1"],
)
def test_bad_parameters(run: Run, bad: str) -> None:
    problem(run.client.get(f"{run.path}/example-scores?{bad}"), 422)


def test_who_may_read_it(viewer: httpx.Client, nobody: httpx.Client, run: Run) -> None:
    for path in ("example-scores", "example-scores/0"):
        problem(nobody.get(f"{run.path}/{path}"), 401)
        problem(viewer.get(f"/training-runs/6f9619ff-8b86-4011-b42d-00c04fc964ff/{path}"), 404)
