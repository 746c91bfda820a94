"""`…/evaluation-scores`: the evaluations of a run for a chart."""

import httpx
import pytest

from tests.support.answers import ok, problem
from tests.support.optimizer_events import candidate, evaluation
from tests.support.runs import Run


def scores_of(run: Run, **parameters: object) -> dict:
    return ok(run.client.get(f"{run.path}/evaluation-scores", params=parameters))  # type: ignore[arg-type]


def test_every_evaluation_with_its_candidate(run: Run) -> None:
    run.send(
        candidate("a"),
        evaluation("a", 0.5, example_count=4),
        evaluation("b", 0.9, split="minibatch", example_count=3),
        evaluation("b", 0.75, example_count=4),
        evaluation("c", 0.75, example_count=4),
        evaluation("c", 1.5, metric="loss"),
        evaluation("a", 0.8, example_count=4),
    )
    body = scores_of(run)
    assert (body["metric"], body["metrics"], body["lower_is_better"]) == ("entity_f1", ["entity_f1", "loss"], False)
    assert body["largest_split"] == {"split": "development", "example_count": 4}
    assert body["splits"] == [
        {"split": "development", "evaluation_count": 4},
        {"split": "minibatch", "evaluation_count": 1},
    ]
    assert body["total"] == 5
    points = body["points"]
    assert points["number"] == [1, 2, 3, 4, 6]
    assert points["candidate"] == ["a", "b", "b", "c", "a"]
    assert points["score"] == [0.5, 0.9, 0.75, 0.75, 0.8]
    assert points["is_best_so_far"] == [True, False, True, False, True]
    assert points["after_ms"][0] == 0


def test_a_lower_loss_is_the_best_so_far(run: Run) -> None:
    run.send(*[evaluation("a", score, metric="loss") for score in (3, 4, 2, 2.5, 1)])
    body = scores_of(run)
    assert body["lower_is_better"] is True
    assert body["points"]["is_best_so_far"] == [True, False, True, False, True]


def test_nothing_was_evaluated(run: Run) -> None:
    run.send(candidate("a"))
    body = scores_of(run)
    assert (body["metric"], body["metrics"], body["total"]) == (None, [], 0)
    assert (body["largest_split"], body["first_at"], body["points"]["number"]) == (None, None, [])
    assert scores_of(run, metric="unknown")["total"] == 0


@pytest.mark.parametrize("points", [10, 50, 400])
def test_a_long_run_is_thinned(run: Run, points: int) -> None:
    """Without losing the best so far and the extremes, of full evaluations and of minibatches."""
    for first in range(0, 3000, 1000):
        sent = []
        for n in range(first, first + 1000):
            full = evaluation(str(n), {100: 0.6, 1234: 0.9, 2000: -3}.get(n, n % 7 / 20))
            batch = evaluation(str(n), {777: 99, 2500: -9}.get(n, 0.5), split="minibatch", example_count=3)
            sent.append(batch if n % 3 == 0 else full)
        run.send(*sent)
    body = scores_of(run, points=points)
    told = body["points"]
    assert points / 4 <= len(told["number"]) <= points
    assert told["number"] == sorted(told["number"])
    assert (told["number"][0], told["number"][-1]) == (1, 3000)
    assert {0.9, -3} <= set(told["score"])
    assert body["total"] == 3000
    steps = [score for score, is_best in zip(told["score"], told["is_best_so_far"], strict=True) if is_best]
    assert steps == sorted(steps)
    assert steps[-1] == 0.9


def test_a_run_that_gets_better_with_every_evaluation(run: Run) -> None:
    run.send(*[evaluation("a", n) for n in range(1000)])
    told = scores_of(run, points=40)["points"]
    assert len(told["number"]) <= 40
    assert (told["score"][0], told["score"][-1], told["is_best_so_far"][-1]) == (0, 999, True)


def test_long_names_make_fewer_points(run: Run) -> None:
    run.send(*[evaluation(f"{n:03}" + "\x01" * 197, n % 7) for n in range(1000)])
    answer = run.client.get(f"{run.path}/evaluation-scores", params={"points": 2000})
    assert len(answer.content) < 300_000
    assert len(ok(answer)["points"]["number"]) > 100


@pytest.mark.parametrize("bad", ["points=9", "points=2001", "points=x", "metric=%00"])
def test_bad_parameters(run: Run, bad: str) -> None:
    problem(run.client.get(f"{run.path}/evaluation-scores?{bad}"), 422)


def test_what_is_not_there(viewer: httpx.Client, nobody: httpx.Client, run: Run) -> None:
    problem(viewer.get("/training-runs/6f9619ff-8b86-4011-b42d-00c04fc964ff/evaluation-scores"), 404)
    problem(nobody.get(f"{run.path}/evaluation-scores"), 401)
    problem(viewer.post(f"{run.path}/evaluation-scores"), 405)


def test_the_run_says_how_much_was_found(run: Run) -> None:
    assert ok(run.client.get(run.path)) | {"candidate_count": 0, "evaluation_count": 0} == ok(run.client.get(run.path))
    run.send(candidate("a"), evaluation("a"), evaluation("b"))
    found = ok(run.client.get(run.path))
    assert (found["candidate_count"], found["evaluation_count"]) == (1, 2)
