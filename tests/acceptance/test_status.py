"""`/domains/{name}/training-status`: every field, the steps, the estimate, the latest run."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import jsonschema
import pytest
import yaml

from tests.support.answers import ok, parse_time, problem
from tests.support.runs import ENTITY, PHASES, RELATION, Run, complete, fail, iso, log, now, phase, progress

Start = Callable[..., Run]
FIRST, LAST = next(iter(PHASES)), list(PHASES)[-1]

TYPES: dict[str, tuple[type, ...]] = {
    "domain_name": (str,),
    "status": (str,),
    "progress": (int,),
    "current_step": (str,),
    "steps": (list,),
    "metrics": (dict,),
    "started_at": (str, type(None)),
    "estimated_completion": (str, type(None)),
    "elapsed_time_ms": (int, type(None)),
    "training_run_id": (str,),
    "run_number": (int,),
    "message": (str, type(None)),
    "completed_at": (str, type(None)),
    "last_report_at": (str,),
    "health": (str, type(None)),
    "failure_reason": (str, type(None)),
    "progress_percent": (float, int),
    "error_message": (str, type(None)),
    "error": (str, type(None)),
    "cancel_requested": (bool,),
    "cancel_reason": (str, type(None)),
    "budget": (dict, type(None)),
    "best": (dict, type(None)),
    "usage": (dict,),
    "usage_forecast": (dict, type(None)),
    "baseline_metrics": (dict, type(None)),
    "baseline_run_number": (int, type(None)),
    "higher_is_better": (dict,),
    "forecast": (dict, type(None)),
}
STORIES: dict[str, list[dict[str, Any]]] = {
    "pending": [],
    "only a log line": [log()],
    "training": [phase(ENTITY), progress(0.5, message="half", metrics={"entity_f1": 0.5, "best": None})],
    "completed": [phase(ENTITY), complete(message="done", metrics={"entity_f1": 0.9})],
    "completed at once": [complete()],
    "failed": [phase(ENTITY), progress(0.5), fail("broken")],
    "failed at once": [fail()],
}


@pytest.fixture(scope="module")
def schema(operator: httpx.Client) -> dict[str, Any]:
    answer = operator.get(f"{operator.base_url.copy_with(path='/api/schema')}?format=json")
    assert answer.status_code == 200
    loaded: dict[str, Any] = yaml.safe_load(answer.text)  # JSON is YAML too
    return loaded


def validate(schema: dict[str, Any], name: str, body: Any) -> None:
    validator = jsonschema.Draft202012Validator(
        {"$ref": f"#/components/schemas/{name}", "components": schema["components"]}
    )
    assert [f"{error.json_path}: {error.message}" for error in validator.iter_errors(body)] == []


def told(start: Start, story: str) -> Run:
    run = start()
    if events := STORIES[story]:
        run.send(*events)
    return run


def steps(status: dict[str, Any]) -> list[tuple[str, int]]:
    return [(step["status"], step["progress"]) for step in status["steps"]]


@pytest.mark.parametrize("story", STORIES)
def test_every_field_is_always_there(start: Start, story: str) -> None:
    told(start, "completed")
    status = told(start, story).status()
    assert TYPES.keys() <= status.keys()
    for name, types in TYPES.items():
        assert type(status[name]) in types, name
    for name in ("started_at", "estimated_completion", "completed_at", "last_report_at"):
        if status[name] is not None:
            parse_time(status[name])
    assert status["status"] in ("pending", "training", "completed", "failed")
    assert status["health"] in ("ok", "stalled", "hanging", None)
    assert [step["name"] for step in status["steps"]] == list(PHASES)
    for step in status["steps"]:
        assert step.keys() >= {"name", "status", "progress", "share"}
        assert type(step["progress"]) is int
        assert step["status"] in ("pending", "in_progress", "completed", "failed")


READ_AS: dict[str, Callable[[Run], Any]] = {
    "TrainingStatus": lambda run: run.status(),
    "TrainingRun": lambda run: ok(run.client.get(run.path)),
    "TrainingRunPage": lambda run: ok(run.client.get(f"/domains/{run.domain}/training-runs")),
    "TrainingLogPage": lambda run: run.log(),
    "Domain": lambda run: ok(run.client.get(f"/domains/{run.domain}")),
    "DomainPage": lambda run: ok(run.client.get("/domains?page_size=1")),
    "Receipt": lambda run: run.heartbeat(),
    "Problem": lambda run: problem(run.post({"n": 10**6, **log()}), 409),
}


@pytest.mark.parametrize("name", READ_AS)
@pytest.mark.parametrize("story", STORIES)
def test_responses_are_as_the_schema_says(schema: dict[str, Any], start: Start, story: str, name: str) -> None:
    validate(schema, name, READ_AS[name](told(start, story)))


def test_the_schema_of_empty_answers(operator: httpx.Client, schema: dict[str, Any], domain: str) -> None:
    validate(schema, "Domain", ok(operator.get(f"/domains/{domain}")))
    validate(schema, "TrainingLogPage", ok(operator.get(f"/domains/{domain}/training-logs")))
    validate(schema, "TrainingRunPage", ok(operator.get(f"/domains/{domain}/training-runs")))


def test_the_domain_that_has_no_run(operator: httpx.Client, domain: str) -> None:
    for name in ("unknown", domain):
        body = problem(operator.get(f"/domains/{name}/training-status"), 404)
        assert body["detail"] == f"No training log found for domain '{name}'"


def test_a_run_by_its_number(operator: httpx.Client, domain: str, start: Start) -> None:
    runs = [start(), start()]
    path = f"/domains/{domain}/training-status"
    for run in runs:
        assert ok(operator.get(path, params={"run": run.number}))["training_run_id"] == run.id
    for unknown in (3, 10**12, 10**30):
        problem(operator.get(path, params={"run": unknown}), 404)


@pytest.mark.parametrize("bad", ["0", "-1", "x", "1.5", "", "1e3", "true", "%00", "1%00", "0x1"])
def test_bad_run_numbers(operator: httpx.Client, run: Run, bad: str) -> None:
    problem(operator.get(f"/domains/{run.domain}/training-status?run={bad}"), 422)
    problem(operator.get(f"/domains/{run.domain}/training-logs?run={bad}"), 422)


# Steps


def expected_steps(percent: float) -> list[tuple[str, int]]:
    """The steps of a training run, by the table of the contract."""
    expected = []
    for begin, end in PHASES.values():
        if percent < begin:
            expected.append(("pending", 0))
        elif percent >= end:
            expected.append(("completed", 100))
        else:
            expected.append(("in_progress", round(100 * (percent - begin) / (end - begin))))
    return expected


FRACTIONS = [
    0,
    0.0,
    0.001,
    0.05,
    0.1,
    0.125,
    0.15,
    0.25,
    1 / 3,
    0.375,
    0.5,
    0.625,
    0.7,
    0.875,
    0.9,
    0.995,
    0.9999,
]


@pytest.mark.parametrize("name", PHASES)
def test_steps_follow_from_the_percentage(run: Run, name: str) -> None:
    run.send(phase(name))
    begin, end = PHASES[name]
    for fraction in FRACTIONS:
        run.send(progress(fraction))
        percent = begin + fraction * (end - begin)
        status = run.status()
        assert status["progress"] == int(percent), fraction
        assert status["progress_percent"] == percent, fraction
        assert status["current_step"] == name
        assert steps(status) == expected_steps(percent), fraction


@pytest.mark.parametrize("name", list(PHASES)[:-1])
def test_the_end_of_a_phase(run: Run, name: str) -> None:
    run.send(phase(name), progress(1))
    status = run.status()
    assert status["progress"] == PHASES[name][1]
    assert status["current_step"] == name
    assert steps(status) == expected_steps(PHASES[name][1])


def test_a_quarter_of_the_run(run: Run) -> None:
    run.send(phase(ENTITY), progress(15 / 35))
    status = run.status()
    assert status["progress"] == 25
    assert steps(status)[2] == ("in_progress", 43)


def test_the_last_step_is_not_completed_before_the_run_is(run: Run) -> None:
    run.send(phase(LAST), progress(1.0))
    status = run.status()
    assert (status["status"], status["progress"], status["current_step"]) == ("training", 99, LAST)
    assert status["steps"][-1]["status"] == "in_progress"
    run.send(complete())
    status = run.status()
    assert (status["progress"], steps(status)) == (100, [("completed", 100)] * 7)


def test_phases_can_be_left_out(run: Run) -> None:
    run.send(phase(RELATION))
    assert steps(run.status()) == [("completed", 100)] * 3 + [("in_progress", 0)] + [("pending", 0)] * 3


def test_a_run_with_a_log_line_alone_is_training(run: Run) -> None:
    run.send(log())
    status = run.status()
    assert (status["status"], status["progress"], status["current_step"]) == ("training", 0, FIRST)
    assert steps(status) == [("in_progress", 0)] + [("pending", 0)] * 6
    assert status["estimated_completion"] is None
    assert status["started_at"] is not None


@pytest.mark.parametrize("story", ["completed", "completed at once"])
def test_a_completed_run(start: Start, story: str) -> None:
    status = told(start, story).status()
    assert (status["status"], status["progress"], status["current_step"]) == ("completed", 100, LAST)
    assert steps(status) == [("completed", 100)] * 7
    assert (status["health"], status["estimated_completion"], status["failure_reason"]) == (None, None, None)
    elapsed = parse_time(status["completed_at"]) - parse_time(status["started_at"])
    assert status["elapsed_time_ms"] == pytest.approx(elapsed.total_seconds() * 1000, abs=1)


@pytest.mark.parametrize(
    ("events", "current", "expected", "percent"),
    [
        ([], FIRST, [("failed", 0)] + [("pending", 0)] * 6, 0),
        ([phase(ENTITY)], ENTITY, [("completed", 100)] * 2 + [("failed", 0)] + [("pending", 0)] * 4, 10),
        (
            [phase(ENTITY), progress(0.5)],
            ENTITY,
            [("completed", 100)] * 2 + [("failed", 50)] + [("pending", 0)] * 4,
            27,
        ),
        ([phase(ENTITY), progress(1)], ENTITY, [("completed", 100)] * 2 + [("failed", 100)] + [("pending", 0)] * 4, 45),
        ([phase(LAST), progress(0.5)], LAST, [("completed", 100)] * 6 + [("failed", 50)], 97),
    ],
)
def test_a_failed_run(
    run: Run, events: list[dict[str, Any]], current: str, expected: list[tuple[str, int]], percent: int
) -> None:
    run.send(*events, fail("it broke"))
    status = run.status()
    assert (status["status"], status["current_step"], status["progress"]) == ("failed", current, percent)
    assert steps(status) == expected
    assert (status["health"], status["estimated_completion"], status["error_message"]) == (None, None, "it broke")
    assert status["error"] == "it broke"
    assert parse_time(status["completed_at"]) >= parse_time(status["started_at"])


def test_a_failed_run_is_never_at_a_hundred(run: Run) -> None:
    run.send(phase(LAST), progress(1.0), fail())
    assert run.status()["progress"] == 99


# Times and estimate


@pytest.mark.parametrize(
    ("name", "fraction", "percent"),
    [
        (ENTITY, 15 / 35, 25),
        ("initialization", 0.2, 1),
        (LAST, 0.8, 99),
        (RELATION, 5 / 35, 50),
        ("loading_data", 0, 5),
    ],
)
def test_the_estimate_continues_the_pace_so_far(run: Run, name: str, fraction: float, percent: int) -> None:
    began = now() - timedelta(minutes=10)
    run.send(phase(name, timestamp=iso(began)), progress(fraction, timestamp=iso(began)))
    before = now()
    status = run.status()
    after = now()
    assert parse_time(status["started_at"]) == began
    factor = (100 - percent) / percent
    estimate = parse_time(status["estimated_completion"])
    tolerance = timedelta(milliseconds=1) * (1 + factor)
    assert before + (before - began) * factor - tolerance <= estimate <= after + (after - began) * factor + tolerance
    assert before - began - tolerance <= timedelta(milliseconds=status["elapsed_time_ms"]) <= after - began + tolerance


def test_the_estimate_takes_the_percentage_before_rounding(run: Run) -> None:
    began = now() - timedelta(minutes=10)
    run.send(progress(0.19, timestamp=iso(began)))
    before = now()
    status = run.status()
    factor = (100 - 0.95) / 0.95
    late = now() + (now() - began) * factor + timedelta(milliseconds=200)
    assert (
        before + (before - began) * factor - timedelta(milliseconds=200)
        <= parse_time(status["estimated_completion"])
        <= late
    )
    assert status["progress"] == 0


def test_a_tiny_percentage_has_no_estimate_beyond_the_calendar(run: Run) -> None:
    run.send(progress(5e-324, timestamp=iso(now() - timedelta(days=365))))
    run.status()
    run.send(progress(1e-12))
    run.status()


def test_a_run_that_is_years_old(run: Run) -> None:
    run.send(phase(ENTITY, timestamp="0001-01-01T00:00:00Z"))
    status = run.status()
    assert status["started_at"] == "0001-01-01T00:00:00Z"
    assert status["elapsed_time_ms"] > 2000 * 365 * 24 * 3600 * 1000


# The latest run


def latest(run: Run) -> int:
    return int(ok(run.client.get(f"/domains/{run.domain}/training-status"))["run_number"])


def test_the_latest_run_is_the_one_that_started_last(start: Start) -> None:
    first, second = start(), start()
    assert latest(first) == second.number
    first.send(log())
    assert latest(first) == first.number
    second.send(log(timestamp=iso(now() - timedelta(minutes=5))))
    assert latest(first) == first.number
    third = start()
    assert latest(first) == third.number
    third.send(log(timestamp=iso(now() - timedelta(minutes=9))))
    assert latest(first) == first.number
    third.send(complete())
    assert latest(first) == first.number


def test_the_latest_run_is_found_by_corrected_times(start: Start) -> None:
    right, fast = start(), start()
    hour = timedelta(hours=1)
    fast.send(log(timestamp=iso(now() + hour)), sent_at=iso(now() + hour))
    right.send(log(timestamp=iso(now())), sent_at=iso(now()))
    assert latest(right) == right.number
    slow = start()
    slow.send(log(timestamp=iso(now() - hour)), sent_at=iso(now() - hour))
    assert latest(right) == slow.number


def test_logs_are_of_the_latest_run_too(operator: httpx.Client, start: Start, domain: str) -> None:
    first, second = start(), start()
    second.send(log("second", timestamp=iso(now() - timedelta(minutes=5))))
    first.send(log("first"))
    logs = ok(operator.get(f"/domains/{domain}/training-logs"))["logs"]
    assert [entry["message"] for entry in logs] == ["first"]


# Beside the run itself


def test_the_baseline_is_the_last_completed_run_before(start: Start) -> None:
    start().send(complete(metrics={"entity_f1": 0.1}))
    start().send(progress(0.5, metrics={"entity_f1": 0.2}), complete(metrics={"relation_f1": 0.3}))
    start().send(progress(0.5, metrics={"entity_f1": 0.9}), fail())
    start().send(progress(0.5, metrics={"entity_f1": 0.8}))
    run = start()
    later = start()
    later.send(complete(metrics={"entity_f1": 1.0}))
    assert run.status()["baseline_metrics"] == {"entity_f1": 0.2, "relation_f1": 0.3}
    run.send(complete(metrics={"entity_f1": 0.5}))
    assert run.status()["baseline_metrics"] == {"entity_f1": 0.2, "relation_f1": 0.3}


def test_without_a_completed_run_before_there_is_no_baseline(start: Start) -> None:
    start().send(fail(metrics={"entity_f1": 0.5}))
    start()
    run = start()
    run.send(complete(metrics={"entity_f1": 0.5}))
    assert run.status()["baseline_metrics"] is None


def test_the_metrics_of_another_domain_are_no_baseline(
    operator: httpx.Client, new_domain: Callable[[], str], run: Run
) -> None:
    Run(operator, new_domain()).send(complete(metrics={"entity_f1": 0.5}))
    assert run.status()["baseline_metrics"] is None
