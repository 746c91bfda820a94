"""`/domains/{name}/training-metrics`: how the metrics of a run went."""

import httpx
import pytest

from tests.support.answers import ok, problem
from tests.support.runs import Run, complete, log, progress

PATH = "/domains/{}/training-metrics"


def values(body: dict, name: str) -> list[list[float]]:
    (curve,) = (curve for curve in body["curves"] if curve["name"] == name)
    return [[point["seq"], point["value"]] for point in curve["points"]]


def test_metrics_of_every_kind_of_event(viewer: httpx.Client, run: Run) -> None:
    run.send(
        progress(0.1, metrics={"f1": 0.25, "loss": 12}, timestamp="2026-01-20T15:05:00Z"),
        log(),
        log(metrics={"f1": 0.5, "text": "0.5"}),
        complete(message="done", metrics={"f1": 0.75}),
    )
    body = ok(viewer.get(PATH.format(run.domain)))
    assert (body["domain_name"], body["run_number"], body["is_exact"]) == (run.domain, run.number, True)
    assert (body["first_seq"], body["last_seq"]) == (1, 4)
    assert [curve["name"] for curve in body["curves"]] == ["f1", "loss"]
    assert values(body, "f1") == [[1, 0.25], [3, 0.5], [4, 0.75]]
    assert body["curves"][1]["points"] == [{"seq": 1, "timestamp": "2026-01-20T15:05:00Z", "value": 12.0}]


def test_a_long_run_is_thinned(viewer: httpx.Client, run: Run) -> None:
    for first in range(0, 5000, 1000):
        run.send(*[log(metrics={"f1": -9 if n == 3210 else n % 7}) for n in range(first + 1, first + 1001)])
    points = values(ok(viewer.get(PATH.format(run.domain), params={"points": 50, "run": run.number})), "f1")
    assert 20 <= len(points) <= 50
    assert points == sorted(points)
    assert (points[0], points[-1]) == ([1, 1.0], [5000, 5000 % 7])
    assert [3210, -9.0] in points


@pytest.mark.parametrize("bad", ["points=3", "points=1001", "points=x", "points=%00", "run=0", "run=x"])
def test_bad_parameters(viewer: httpx.Client, run: Run, bad: str) -> None:
    problem(viewer.get(f"{PATH.format(run.domain)}?{bad}"), 422)


def test_what_is_not_there(viewer: httpx.Client, nobody: httpx.Client, run: Run) -> None:
    problem(viewer.get(PATH.format("unknown")), 404)
    problem(viewer.get(PATH.format(run.domain), params={"run": 99}), 404)
    problem(nobody.get(PATH.format(run.domain)), 401)
    problem(viewer.post(PATH.format(run.domain)), 405)
