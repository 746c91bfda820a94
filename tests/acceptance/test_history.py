"""`/domains/{name}/training-history`: all runs of a domain, compared."""

import httpx
import pytest

from tests.support.answers import ok, problem
from tests.support.domains import create_domain
from tests.support.runs import Run, complete, fail, phase, progress

PATH = "/domains/{}/training-history"


def history(viewer: httpx.Client, domain: str) -> dict:
    return ok(viewer.get(PATH.format(domain)))


def test_runs_are_listed_oldest_first_with_their_metrics(viewer: httpx.Client, run: Run) -> None:
    run.send(complete(metrics={"entity_f1": 0.82, "relation_f1": 0.78}))
    second = Run(run.client, run.domain)
    second.send(fail(error="no more memory", metrics={"entity_f1": 0.5}))
    third = Run(run.client, run.domain)
    third.send(complete(metrics={"entity_f1": 0.91, "relation_f1": 0.85, "trials": 12}))
    body = history(viewer, run.domain)
    assert body["domain_name"] == run.domain
    assert [row["run_number"] for row in body["training_runs"]] == [1, 2, 3]
    assert [row["status"] for row in body["training_runs"]] == ["completed", "failed", "completed"]
    first, failed, last = body["training_runs"]
    assert (first["entity_f1"], first["relation_f1"]) == (0.82, 0.78)
    assert first["metrics"] == {"entity_f1": 0.82, "relation_f1": 0.78}
    assert first["training_run_id"] == run.id
    assert (failed["entity_f1"], failed["failure_reason"]) == (0.5, "error")
    assert last["trials"] == 12
    assert body["improvement"] == "+9% entity F1, +7% relation F1"


def test_times(viewer: httpx.Client, run: Run) -> None:
    run.send(
        phase("loading_data", timestamp="2026-01-20T15:00:00Z"),
        complete(timestamp="2026-01-20T15:00:02.5Z"),
    )
    (row,) = history(viewer, run.domain)["training_runs"]
    assert row["started_at"] == "2026-01-20T15:00:00Z"
    assert row["completed_at"] == "2026-01-20T15:00:02.500000Z"
    assert row["duration_ms"] == 2500


def test_metrics_of_a_run_that_goes_on_are_not_its_keys_yet(viewer: httpx.Client, run: Run) -> None:
    pending = Run(run.client, run.domain)
    run.send(progress(0.5, metrics={"entity_f1": 0.3}))
    rows = history(viewer, run.domain)["training_runs"]
    assert [row["run_number"] for row in rows] == [run.number, pending.number]
    assert (rows[0]["status"], rows[0]["completed_at"], rows[0]["metrics"]) == ("training", None, {"entity_f1": 0.3})
    assert "entity_f1" not in rows[0]
    assert rows[0]["duration_ms"] >= 0
    assert (rows[1]["status"], rows[1]["started_at"], rows[1]["duration_ms"]) == ("pending", None, None)


def test_only_numbers_become_keys_and_none_takes_the_place_of_another(viewer: httpx.Client, run: Run) -> None:
    metrics = {"run_number": 77, "status": 0.5, "best": True, "model": "qwen", "none": None, "loss": 12.5}
    run.send(complete(metrics=metrics))
    (row,) = history(viewer, run.domain)["training_runs"]
    assert (row["run_number"], row["status"], row["loss"], row["metrics"]) == (1, "completed", 12.5, metrics)
    assert not {"best", "model", "none"} & row.keys()


def test_improvement_is_of_what_both_have_from_0_to_1(viewer: httpx.Client, run: Run) -> None:
    run.send(complete(metrics={"b_f1": 0.5, "a_recall": 0.82, "loss": 12, "flag": False, "only_first": 0.1, "same": 1}))
    Run(run.client, run.domain).send(
        complete(metrics={"b_f1": 0.25, "a_recall": 0.865, "loss": 3, "flag": True, "same": 1})
    )
    assert history(viewer, run.domain)["improvement"] == "+5% a recall, -25% b F1, +0% same"


@pytest.mark.parametrize(
    ("first", "last", "points"),
    [
        (0.5, 0.504, "+0.4%"),
        (0.5, 0.496, "-0.4%"),
        (0.0, 0.99996, "+99.996%"),
        (1, 0.00001, "-99.999%"),
        (0, 1, "+100%"),
        (0.5, 0.5, "+0%"),
        (0.1, 0.1 + 1e-9, "+1e-7%"),
    ],
)
def test_a_change_does_not_read_as_none_or_as_all(
    viewer: httpx.Client, run: Run, first: float, last: float, points: str
) -> None:
    run.send(complete(metrics={"recall": first}))
    Run(run.client, run.domain).send(complete(metrics={"recall": last}))
    assert history(viewer, run.domain)["improvement"] == f"{points} recall"


def test_no_improvement_without_two_completed_runs(viewer: httpx.Client, run: Run) -> None:
    run.send(complete(metrics={"entity_f1": 0.82}))
    Run(run.client, run.domain).send(fail(error="x", metrics={"entity_f1": 0.9}))
    assert history(viewer, run.domain)["improvement"] is None


def test_no_improvement_where_nothing_can_be_compared(viewer: httpx.Client, run: Run) -> None:
    run.send(complete(metrics={"loss": 3}))
    Run(run.client, run.domain).send(complete(metrics={"entity_f1": 0.9}))
    assert history(viewer, run.domain)["improvement"] is None


def test_what_is_not_there(viewer: httpx.Client, nobody: httpx.Client, operator: httpx.Client) -> None:
    domain = create_domain(operator)
    assert history(viewer, domain) == {
        "domain_name": domain,
        "training_runs": [],
        "improvement": None,
        "higher_is_better": {},
        "forecast_scores": [],
        "usage_forecast_scores": [],
    }
    assert "'unknown'" in problem(viewer.get(PATH.format("unknown")), 404)["detail"]
    problem(nobody.get(PATH.format(domain)), 401)
    problem(viewer.post(PATH.format(domain)), 405)
