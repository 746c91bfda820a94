"""`…/lineage`: which candidates of a run came from which."""

import httpx

from tests.support.answers import ok, problem
from tests.support.optimizer_events import candidate, evaluation
from tests.support.runs import Run


def lineage_of(run: Run) -> dict:
    return ok(run.client.get(f"{run.path}/lineage"))  # type: ignore[no-any-return]


def test_parents_and_children(run: Run) -> None:
    assert lineage_of(run)["candidates"]["candidate"] == []
    run.send(
        candidate("a", origin="initial"),
        candidate("b", origin="reflected", parents=["a"]),
        candidate("c", origin="reflected", parents=["a"]),
        candidate("d", origin="merged", parents=["b", "c"]),
        evaluation("a", 0.5),
        evaluation("d", 0.75, example_count=12),
        evaluation("elsewhere", 0.25),
    )
    body = lineage_of(run)
    assert (body["metric"], body["best"], body["total"]) == ("entity_f1", "d", 5)
    assert body["candidates"] == {
        "candidate": ["elsewhere", "a", "b", "c", "d"],
        "parents": [[], [], [1], [1], [2, 3]],
        "child_count": [0, 2, 1, 1, 0],
        "origin": [None, "initial", "reflected", "reflected", "merged"],
        "score": [0.25, 0.5, None, None, 0.75],
        "split": ["development", "development", None, None, "development"],
        "example_count": [10, 10, None, None, 12],
    }


def test_a_large_run_keeps_the_best_and_all_that_they_came_from(run: Run) -> None:
    """A chain of 500 to the best, and 2,000 others."""
    for first in range(0, 2500, 500):
        made = []
        for n in range(first, first + 500):
            made.append(candidate(str(n), parents=[str(n - 1 if n < 500 else 0)] if n else []))
        run.send(*made)
    run.send(evaluation("499", 0.9))
    run.send(*[evaluation(str(n), n / 10_000) for n in range(501, 2500, 2)])
    answer = run.client.get(f"{run.path}/lineage")
    assert len(answer.content) < 300_000
    body = ok(answer)
    told = body["candidates"]
    assert (body["best"], body["total"]) == ("499", 2500)
    assert len(told["candidate"]) == 2000
    assert {str(n) for n in range(500)} < set(told["candidate"])
    assert {str(n) for n in range(501, 2500, 2)} < set(told["candidate"])
    assert told["child_count"][0] == 2001
    assert all(len(parents) == 1 for parents in told["parents"][1:])


def test_long_names_make_fewer_candidates(run: Run) -> None:
    run.send(*[candidate(f"{n:03}" + "\x01" * 197) for n in range(600)])
    answer = run.client.get(f"{run.path}/lineage")
    assert len(answer.content) < 300_000
    assert ok(answer)["total"] == 600


def test_who_may_read_it(viewer: httpx.Client, nobody: httpx.Client, run: Run) -> None:
    problem(nobody.get(f"{run.path}/lineage"), 401)
    problem(viewer.get("/training-runs/6f9619ff-8b86-4011-b42d-00c04fc964ff/lineage"), 404)
    problem(viewer.get(f"{run.path}/lineage?metric=%00"), 422)
