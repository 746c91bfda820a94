"""Candidates, evaluations and the best program: stored exactly once, and read again."""

import json
from typing import Any
from urllib.parse import quote, unquote

import pytest

from tests.support.answers import ok, problem, refused
from tests.support.optimizer_events import candidate, evaluation
from tests.support.runs import ENTITY, RELATION, Run, complete, fail, log, phase

STATE = {
    "extract.predict": {
        "traces": [],
        "demos": [{"text": "z first", "entities": ["é", "a"], "b": 1, "a": 1.5e-7}],
        "signature": {"instructions": "Find every entity.", "fields": []},
        "lm": None,
    },
    "metadata": {"dependency_versions": {"dspy": "3.4.1", "python": "3.11"}},
}
EXAMPLES = {"example_scores": [1, 0.5, None], "example_ids": ["a", "b", "c"]}
PREDICTORS = {"extract.predict": {"instruction": "Find every entity.", "demonstrations": [{"text": "z first"}]}}


def test_a_candidate_is_read_as_it_was_sent(run: Run) -> None:
    run.send(
        phase(ENTITY),
        candidate("initial", origin="initial"),
        candidate("1", parents=["initial"], origin="reflected", predictors=PREDICTORS, state=STATE),
        evaluation(
            "1", 0.75, error_count=1, duration_ms=12.5, example_scores=[1, 0.5, None], example_ids=["a", "b", "c"]
        ),
    )
    one = ok(run.client.get(f"{run.path}/candidates/1"))
    assert one["predictors"] == PREDICTORS
    assert one["state"] == STATE
    assert (one["candidate"], one["number"], one["origin"], one["parents"]) == ("1", 2, "reflected", ["initial"])
    assert (one["metric"], one["score"], one["split"], one["example_count"]) == ("entity_f1", 0.75, "development", 10)
    assert (one["phase"], one["omitted"], one["has_program"]) == (ENTITY, [], True)
    (listed,) = one["evaluations"]
    assert (listed["number"], listed["score"], listed["error_count"], listed["duration_ms"]) == (1, 0.75, 1, 12.5)
    whole = ok(run.client.get(f"{run.path}/evaluations/1"))
    assert whole == listed | EXAMPLES


def test_the_program_comes_back_byte_for_byte(run: Run) -> None:
    run.send(candidate(state=STATE), evaluation())
    answer = run.client.get(f"{run.path}/best-program")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert list(answer.json()) == list(STATE)
    assert answer.text == json.dumps(STATE, ensure_ascii=False, separators=(",", ":")).replace("e-07", "e-7")
    assert (answer.headers["aegis-candidate"], answer.headers["aegis-score"]) == ("1", "0.5")


@pytest.mark.parametrize(
    ("evaluations", "best"),
    [
        ([evaluation("a", 0.5), evaluation("b", 0.7), evaluation("c", 0.6)], ("b", 0.7)),
        ([evaluation("a", 0.7), evaluation("b", 0.7)], ("a", 0.7)),
        ([evaluation("a", 0.5, example_count=40), evaluation("b", 0.9, example_count=39)], ("a", 0.5)),
        ([evaluation("b", 0.9, split="minibatch"), evaluation("a", 0.5)], ("a", 0.5)),
        ([evaluation("a", 0.5, split="test"), evaluation("b", 0.4), evaluation("c", 0.9, split="train")], ("b", 0.4)),
        ([evaluation("a", 0.5), evaluation("b", 0.4), evaluation("a", 0.1)], ("a", 0.5)),
        ([evaluation("a", 0.5, metric="loss"), evaluation("b", 0.4, metric="loss")], ("b", 0.4)),
        (
            [
                evaluation("a", 0.5, metric="grip"),
                evaluation("b", 0.4, metric="grip", higher_is_better={"grip": False}),
            ],
            ("b", 0.4),
        ),
        ([evaluation("a", 0.9), evaluation("b", 0.1, metric="relation_f1")], ("b", 0.1)),
    ],
    ids=[
        "the highest score",
        "the earlier of equals",
        "on the largest split",
        "a minibatch of as many comes last",
        "development comes first",
        "an earlier evaluation of its own",
        "the lowest loss",
        "the lowest as declared",
        "of the latest metric",
    ],
)
def test_the_best_candidate(run: Run, evaluations: list[dict[str, Any]], best: tuple[str, float]) -> None:
    names = dict.fromkeys(one["candidate"] for one in evaluations)
    run.send(*[candidate(name, state={"of": name}) for name in names], *evaluations)
    shown = run.status()["best"]
    assert (shown["candidate"], shown["score"]) == best
    assert ok(run.client.get(f"{run.path}/best-program")) == {"of": best[0]}
    items = ok(run.client.get(f"{run.path}/candidates"))["items"]
    assert (items[0]["candidate"], items[0]["score"]) == best


def test_the_best_of_another_metric(run: Run) -> None:
    run.send(
        *[candidate(name, state={"of": name}) for name in "ab"],
        evaluation("a", 0.9),
        evaluation("b", 0.8),
        evaluation("b", 0.1, metric="relation_f1"),
    )
    path = f"{run.path}/best-program"
    assert ok(run.client.get(path, params={"metric": "entity_f1"})) == {"of": "a"}
    assert ok(run.client.get(path)) == {"of": "b"}


@pytest.mark.parametrize("end", [None, complete(), fail("broken"), fail("gone", reason="lost")])
def test_a_best_program_whatever_became_of_the_run(run: Run, end: dict[str, Any] | None) -> None:
    run.send(candidate(state=STATE), evaluation())
    if end:
        run.send(end)
    assert ok(run.client.get(f"{run.path}/best-program")) == STATE


def test_the_best_candidate_that_has_a_program(run: Run) -> None:
    run.send(
        candidate("a", state={"of": "a"}),
        candidate("b", omitted=["state"]),
        evaluation("a", 0.5),
        evaluation("b", 0.9),
        evaluation("unknown", 0.95),
    )
    assert run.status()["best"]["candidate"] == "unknown"
    answer = run.client.get(f"{run.path}/best-program")
    assert (answer.json(), answer.headers["aegis-candidate"]) == ({"of": "a"}, "a")


def test_no_program(run: Run) -> None:
    assert run.status()["best"] is None
    assert problem(run.client.get(f"{run.path}/best-program"), 404)["code"] == "no_program"
    run.send(candidate(), evaluation())
    assert problem(run.client.get(f"{run.path}/best-program"), 404)["code"] == "no_program"
    run.send(candidate("2", state=STATE))
    answer = run.client.get(f"{run.path}/best-program")
    assert answer.json() == STATE
    assert "aegis-score" not in answer.headers  # it was not evaluated


def test_an_evaluation_may_come_before_its_candidate(run: Run) -> None:
    run.send(evaluation("late", 0.5))
    (item,) = ok(run.client.get(f"{run.path}/candidates"))["items"]
    assert (item["candidate"], item["number"], item["origin"], item["has_program"]) == ("late", None, None, False)
    one = ok(run.client.get(f"{run.path}/candidates/late"))
    assert (one["predictors"], one["state"], len(one["evaluations"])) == (None, None, 1)
    run.send(candidate("late", origin="proposed", state=STATE))
    (item,) = ok(run.client.get(f"{run.path}/candidates"))["items"]
    assert (item["number"], item["origin"], item["score"]) == (1, "proposed", 0.5)


def test_resent_events_are_stored_once(run: Run) -> None:
    run.send(candidate(state=STATE), evaluation())
    receipt = ok(
        run.post({"n": 1, **candidate(state=STATE)}, {"n": 2, **evaluation()}, {"n": 3, **evaluation(score=0.6)})
    )
    assert (receipt["accepted"], receipt["duplicates"]) == (1, 2)
    assert ok(run.client.get(f"{run.path}/evaluations"))["total"] == 2
    assert ok(run.client.get(f"{run.path}/candidates"))["total"] == 1


def test_a_candidate_that_is_sent_twice(run: Run) -> None:
    run.send(candidate("a"), candidate("b", parents=["a"], state={"x": 1, "y": 2}))
    run.send(candidate("b", parents=["a"], state={"y": 2, "x": 1}))  # the same content
    assert ok(run.client.get(f"{run.path}/candidates"))["total"] == 2
    before = run.status()
    for change in ({"state": {"x": 2}}, {"origin": "merged"}, {"parents": []}, {"omitted": ["predictors"]}):
        other = candidate("b", **{"parents": ["a"], "state": {"x": 1, "y": 2}, **change})
        answer = run.post({"n": run.n + 1, **log("before")}, {"n": run.n + 2, **other})
        assert problem(answer, 409)["code"] == "candidate_exists"
    assert run.status() | {"elapsed_time_ms": 0} == before | {"elapsed_time_ms": 0}
    problem(run.post({"n": run.n + 1, **candidate("c")}, {"n": run.n + 2, **candidate("c", origin="merged")}), 409)
    assert ok(run.client.get(f"{run.path}/candidates"))["total"] == 2


@pytest.mark.parametrize(
    "event",
    [
        candidate(""),
        candidate("x" * 201),
        candidate("a\0b"),
        {"type": "candidate"},
        candidate(parents=["unknown"]),
        candidate(parents=["1"]),
        candidate(parents="1"),
        candidate(origin="invented"),
        candidate(state=[]),
        candidate(state={"a": "b\0"}),
        candidate(state={"a": "x" * 1024 * 1024}),
        candidate(predictors={"p": {"instruction": 1}}),
        candidate(predictors={"p": {"prompt": "x"}}),
        candidate(omitted=["everything"]),
        candidate(omitted=["state"], state={}),
        candidate(name_of_the_program="x"),
        evaluation(""),
        evaluation(score="0.5"),
        evaluation(score=None),
        evaluation(score=True),
        evaluation(metric=""),
        evaluation(split="dev"),
        evaluation(example_count=-1),
        evaluation(example_count=1.5),
        evaluation(example_count=10**13),
        evaluation(error_count=11),
        evaluation(error_count=-1),
        evaluation(duration_ms=-1),
        evaluation(example_scores=[0.5] * 11),
        evaluation(example_scores=["good"]),
        evaluation(example_count=20_000, example_scores=[0.5] * 10_001),
        evaluation(example_scores=[0.5], example_ids=["a", "b"]),
        evaluation(example_ids=["a"]),
        evaluation(example_scores=[0.5], example_ids=[""]),
        evaluation(higher_is_better={"entity_f1": "yes"}),
    ],
)
def test_bad_input_is_refused_and_stores_nothing(run: Run, event: dict[str, Any]) -> None:
    refused(run.post({"n": 1, **candidate("good")}, {"n": 2, **event}))
    assert ok(run.client.get(f"{run.path}/candidates"))["total"] == 0
    assert run.status()["status"] == "pending"


@pytest.mark.parametrize("score", ["NaN", "Infinity", "1e999", "-1e999"])
def test_a_score_that_is_no_finite_number(run: Run, score: str) -> None:
    body = json.dumps({"events": [{"n": 1, **evaluation(score=123.25)}]}).replace("123.25", score)
    problem(run.client.post(f"{run.path}/events", content=body, headers={"Content-Type": "application/json"}), 422)
    assert ok(run.client.get(f"{run.path}/evaluations"))["total"] == 0


def test_pages_of_candidates(run: Run) -> None:
    scores = {str(number): number / 100 for number in range(25)}
    run.send(
        *[candidate(name, state={}) for name in scores], *[evaluation(name, score) for name, score in scores.items()]
    )
    first = ok(run.client.get(f"{run.path}/candidates"))
    assert (first["total"], first["page"], first["page_size"]) == (25, 1, 20)
    second = ok(run.client.get(f"{run.path}/candidates", params={"page": 2}))
    names = [item["candidate"] for item in first["items"] + second["items"]]
    assert names == sorted(scores, key=int, reverse=True)
    latest = ok(run.client.get(f"{run.path}/candidates", params={"order": "time", "page_size": 2}))
    assert [item["candidate"] for item in latest["items"]] == ["24", "23"]
    assert ok(run.client.get(f"{run.path}/candidates", params={"page": 3}))["items"] == []


def test_evaluations_are_filtered(run: Run) -> None:
    run.send(
        evaluation("a", 0.1),
        evaluation("a", 0.2, split="minibatch"),
        phase(RELATION),
        evaluation("b", 0.3, metric="relation_f1"),
    )

    def numbers(**parameters: Any) -> list[int]:
        return [one["number"] for one in ok(run.client.get(f"{run.path}/evaluations", params=parameters))["items"]]

    assert numbers() == [3, 2, 1]
    assert numbers(metric="entity_f1") == [2, 1]
    assert numbers(split="minibatch") == [2]
    assert numbers(candidate="a", split="development") == [1]
    assert numbers(after=1) == [2, 3]
    assert numbers(candidate="nobody") == []
    for bad in ({"split": "dev"}, {"after": "x"}, {"page": 0}, {"metric": "\0"}):
        refused(run.client.get(f"{run.path}/evaluations", params=bad))
    problem(run.client.get(f"{run.path}/evaluations/4"), 404)
    refused(run.client.get(f"{run.path}/evaluations/x"))
    assert problem(run.client.get(f"{run.path}/candidates/nobody"), 404)["code"] == "candidate_not_found"


@pytest.mark.parametrize("name", ["a b", "ключ", "50%", "a+b", "a/b", "?x=1", "a'\"<b>"])
def test_names_in_paths_and_headers(run: Run, name: str) -> None:
    run.send(candidate(name, state={"a": 1}), evaluation(name))
    assert ok(run.client.get(f"{run.path}/candidates/{quote(name, safe='')}"))["candidate"] == name
    assert unquote(run.client.get(f"{run.path}/best-program").headers["aegis-candidate"]) == name


def test_events_about_an_optimiser_make_no_log_entry_and_no_progress(run: Run) -> None:
    run.send(candidate(), evaluation())
    status = run.status()
    assert (status["status"], status["progress"], status["current_step"]) == ("training", 0, "initialization")
    assert run.entries() == []


def test_deleting_a_run_deletes_what_was_found(service: Any, run: Run) -> None:
    run.send(
        candidate(state=STATE), evaluation(), {"type": "usage", "models": [{"model": "m", "calls": 1}]}, complete()
    )
    with service.connect_to_database() as connection:
        key = connection.execute(
            "SELECT id FROM training_status_trainingrun WHERE public_id = %s", (run.id,)
        ).fetchone()
        assert run.client.delete(run.path).status_code == 204
        for table in ("candidate", "evaluation", "modelusage"):
            (count,) = connection.execute(
                f"SELECT count(*) FROM training_status_{table} WHERE run_id = %s", key
            ).fetchone()
            assert count == 0, table
