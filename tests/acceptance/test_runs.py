"""Starting, listing, reading, changing and deleting runs, and asking them to stop."""

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.support.answers import ok, parse_time, problem, refused
from tests.support.runs import AN_ID, PHASES, Run, complete, fail, log, new_id, now, progress

Start = Callable[..., Run]


def post_start(client: httpx.Client, domain: str, **fields: Any) -> httpx.Response:
    return client.post(f"/domains/{domain}/training-runs", json=fields)


def sized(size_bytes: int, character: str = "x") -> dict[str, str]:
    """An object that takes so many UTF-8 bytes as compact JSON."""
    return {"k": character * ((size_bytes - 8) // len(character.encode()))}


def test_it_works(operator: httpx.Client, domain: str) -> None:
    before = now()
    answer = post_start(operator, domain)
    after = now()

    assert answer.status_code == 201
    body = answer.json()
    expected = {
        "domain_name": domain,
        "run_number": 1,
        "status": "pending",
        "progress": 0,
        "current_step": "initialization",
        "steps": [
            {"name": name, "status": "pending", "progress": 0, "share": float(end - begin)}
            for name, (begin, end) in PHASES.items()
        ],
        "message": None,
        "metrics": {},
        "baseline_metrics": None,
        "baseline_run_number": None,
        "higher_is_better": {},
        "started_at": None,
        "estimated_completion": None,
        "forecast": None,
        "elapsed_time_ms": None,
        "completed_at": None,
        "health": "ok",
        "failure_reason": None,
        "error_message": None,
        "cancel_requested": False,
    }
    assert {name: body[name] for name in expected} == expected
    assert before <= parse_time(body["last_report_at"]) <= after
    assert ok(operator.get(f"/domains/{domain}/training-status")).items() <= body.items()


def test_everything_that_can_be_said_at_the_start(operator: httpx.Client, domain: str) -> None:
    fields = {
        "id": new_id(),
        "llm_model": "qwen3:8b",
        "optimizer": "MIPROv2",
        "sample_count": 120,
        "config": {"trials": 10, "nested": {"a": [1, None, True, "é", 0.1]}},
        "tags": ["nightly", "ü"],
        "note": "a\nnote",
    }
    answer = post_start(operator, domain, **fields)

    assert answer.status_code == 201
    run = ok(operator.get(f"/training-runs/{fields['id']}"))
    assert run["training_run_id"] == fields.pop("id")
    assert {name: run[name] for name in fields} == fields
    parse_time(run["created_at"])
    assert ok(operator.get(f"/domains/{domain}/training-runs/1")) == run
    assert ok(operator.get(f"/domains/{domain}/training-runs"))["items"] == [run]


def test_the_fields_of_a_run_are_there_though_nothing_was_said(operator: httpx.Client, run: Run) -> None:
    body = ok(operator.get(run.path))
    assert {"llm_model", "optimizer", "sample_count", "config", "tags", "note", "created_at"} <= body.keys()
    assert run.status().items() <= body.items()


def test_run_numbers_count_and_are_never_reused(operator: httpx.Client, domain: str, start: Start) -> None:
    assert [start().number for _ in range(3)] == [1, 2, 3]
    last = start()
    last.send(complete())
    assert operator.delete(last.path).status_code == 204
    assert start().number == 5
    problem(operator.get(f"/domains/{domain}/training-runs/4"), 404)


def test_a_refused_or_repeated_start_takes_no_number(
    operator: httpx.Client, domain: str, start: Start, new_domain: Callable[[], str]
) -> None:
    elsewhere = Run(operator, new_domain())
    first = start(id=new_id())
    refused(post_start(operator, domain, sample_count="many"))
    problem(post_start(operator, domain, id=elsewhere.id), 409)
    assert post_start(operator, domain, id=first.id).status_code == 200
    assert start().number == 2


def test_the_same_start_again_in_every_state(operator: httpx.Client, domain: str) -> None:
    run = Run(operator, domain, id=new_id(), note="once")

    def again(status: str) -> None:
        body = ok(post_start(operator, domain, id=run.id, note="once"))
        assert (body["training_run_id"], body["run_number"], body["status"]) == (run.id, 1, status)

    again("pending")
    run.send(progress(0.5))
    again("training")
    ok(run.cancel())
    again("training")
    run.send(fail())
    again("failed")
    done = Run(operator, domain, id=new_id())
    done.send(complete())
    body = ok(post_start(operator, domain, id=done.id))
    assert (body["run_number"], body["status"]) == (2, "completed")
    assert ok(operator.get(f"/domains/{domain}/training-runs"))["total"] == 2


def test_an_id_of_another_domain_is_taken(operator: httpx.Client, domain: str, new_domain: Callable[[], str]) -> None:
    run = Run(operator, new_domain())
    assert problem(post_start(operator, domain, id=run.id), 409)["code"] == "run_id_taken"
    assert ok(operator.get(f"/domains/{domain}/training-runs"))["total"] == 0


@pytest.mark.parametrize(
    "chosen",
    [
        str(uuid.uuid1()),
        str(uuid.uuid5(uuid.NAMESPACE_DNS, new_id())),
        new_id().upper(),
        str(uuid.UUID(int=uuid.uuid4().int | 0xF << 60)),
        str(uuid.UUID(int=uuid.uuid4().int >> 70)),
    ],
    ids=["version 1", "version 5", "upper case", "of no variant", "nearly nil"],
)
def test_any_uuid_can_be_the_id(operator: httpx.Client, domain: str, chosen: str) -> None:
    answer = post_start(operator, domain, id=chosen)
    assert answer.status_code == 201, answer.text
    assert uuid.UUID(answer.json()["training_run_id"]) == uuid.UUID(chosen)
    assert ok(post_start(operator, domain, id=chosen))["run_number"] == 1
    assert ok(operator.get(f"/training-runs/{chosen}"))["run_number"] == 1


@pytest.mark.parametrize("bad", ["", "x", AN_ID[:-1], AN_ID + "0", AN_ID + "\n", 5, True, [AN_ID], {}])
def test_bad_ids(operator: httpx.Client, domain: str, bad: Any) -> None:
    assert refused(post_start(operator, domain, id=bad))["errors"][0]["field"] == "id"


@pytest.mark.parametrize(
    "bad",
    [
        {"llm_model": 5},
        {"llm_model": ["x"]},
        {"optimizer": 5},
        {"optimizer": {}},
        {"sample_count": "ten"},
        {"sample_count": -1},
        {"sample_count": 1.5},
        {"sample_count": True},
        {"sample_count": 10**30},
        {"sample_count": [1]},
        {"config": []},
        {"config": "x"},
        {"config": 5},
        {"tags": "x"},
        {"tags": {}},
        {"tags": [5]},
        {"tags": [None]},
        {"tags": [["x"]]},
        {"note": 5},
        {"note": []},
        {"note": "a\x00b"},
        {"tags": ["a\x00b"]},
        {"optimizer": "a\x00b"},
        {"llm_model": "a\x00b"},
        {"config": {"a\x00": 1}},
        {"config": {"a": ["\x00"]}},
    ],
    ids=str,
)
def test_bad_starts(operator: httpx.Client, domain: str, bad: dict[str, Any]) -> None:
    refused(post_start(operator, domain, **bad))
    assert ok(operator.get(f"/domains/{domain}/training-runs"))["total"] == 0


@pytest.mark.parametrize("character", ["x", "é", "🙂", '"'])
def test_config_is_64_kib_at_most(operator: httpx.Client, domain: str, character: str) -> None:
    written = len(character.encode()) if character != '"' else 2
    config = {"k": character * ((64 * 1024 - 64) // written)}
    answer = post_start(operator, domain, config=config)
    assert answer.status_code == 201, answer.text
    assert ok(operator.get(f"/domains/{domain}/training-runs/1"))["config"] == config
    refused(post_start(operator, domain, config={"k": character * (64 * 1024 // written + 8)}))


def test_starting_the_same_id_at_once_makes_one_run(operator: httpx.Client, domain: str) -> None:
    for number in range(1, 6):
        chosen = new_id()
        with ThreadPoolExecutor(2) as threads:
            answers = list(threads.map(lambda _, id=chosen: post_start(operator, domain, id=id), range(2)))
        assert sorted(answer.status_code for answer in answers) == [200, 201]
        assert [answer.json()["run_number"] for answer in answers] == [number, number]


def test_one_id_in_two_domains_at_once_goes_to_one(operator: httpx.Client, new_domain: Callable[[], str]) -> None:
    domains = [new_domain(), new_domain()]
    for _ in range(5):
        chosen = new_id()
        with ThreadPoolExecutor(2) as threads:
            answers = list(threads.map(lambda name, id=chosen: post_start(operator, name, id=id), domains))
        assert sorted(answer.status_code for answer in answers) == [201, 409]
        loser = next(answer for answer in answers if answer.status_code == 409)
        assert problem(loser, 409)["code"] == "run_id_taken"
    for name in domains:
        items = ok(operator.get(f"/domains/{name}/training-runs"))["items"]
        assert [item["run_number"] for item in items] == list(range(len(items), 0, -1))


def test_runs_started_at_once_are_numbered_without_gaps(operator: httpx.Client, domain: str) -> None:
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: post_start(operator, domain), range(16)))
    assert sorted(answer.json()["run_number"] for answer in answers) == list(range(1, 17))
    assert {answer.json()["status"] for answer in answers} == {"pending"}


def test_runs_are_listed_newest_first_page_by_page(operator: httpx.Client, domain: str, start: Start) -> None:
    path = f"/domains/{domain}/training-runs"
    assert ok(operator.get(path)) == {"items": [], "total": 0, "page": 1, "page_size": 20}
    runs = [start() for _ in range(5)]
    for run in runs:
        run.send(log())
    pages = [ok(operator.get(f"{path}?page_size=2&page={page}")) for page in (1, 2, 3, 4)]
    assert [[item["run_number"] for item in page["items"]] for page in pages] == [[5, 4], [3, 2], [1], []]
    assert {(page["total"], page["page_size"]) for page in pages} == {(5, 2)}
    assert ok(operator.get(f"{path}?page={10**12}"))["items"] == []


@pytest.mark.parametrize("bad", ["0", "-1", "x", "1.5", ""])
def test_bad_pages(operator: httpx.Client, domain: str, bad: str) -> None:
    path = f"/domains/{domain}/training-runs"
    assert problem(operator.get(f"{path}?page={bad}"), 422)["detail"] == "page must be >= 1"
    assert problem(operator.get(f"{path}?page_size={bad}"), 422)["detail"] == "page_size must be 1-100"
    assert problem(operator.get(f"{path}?page_size=101"), 422)["detail"] == "page_size must be 1-100"


def test_unknown_runs(operator: httpx.Client, domain: str, run: Run) -> None:
    for path in (f"/training-runs/{new_id()}", f"/domains/{domain}/training-runs/2"):
        problem(operator.get(path), 404)
    unknown = f"/training-runs/{new_id()}"
    problem(operator.patch(unknown, json={"note": "x"}), 404)
    problem(operator.delete(unknown), 404)
    problem(operator.get(f"{unknown}/result"), 404)
    problem(operator.post(f"{unknown}/cancel"), 404)
    problem(operator.post(f"{unknown}/heartbeat"), 404)
    problem(operator.post(f"{unknown}/events", json={"events": []}), 404)


@pytest.mark.parametrize("bad", ["x", "0", "-1", "1.5", str(10**30), "%00", "1%00", "%ff", "１"])
def test_bad_run_ids_and_numbers_in_the_path(operator: httpx.Client, domain: str, run: Run, bad: str) -> None:
    problem(operator.get(f"/domains/{domain}/training-runs/{bad}"), 404, 422)
    problem(operator.get(f"/training-runs/{bad}"), 404, 422)
    problem(operator.post(f"/training-runs/{bad}/events", json={"events": []}), 404, 422)


def test_tags_and_note_can_be_changed_in_every_state(operator: httpx.Client, start: Start) -> None:
    run = start(tags=["a"], note="first")
    assert ok(operator.patch(run.path, json={"note": "second"}))["note"] == "second"
    run.send(progress(0.1))
    body = ok(operator.patch(run.path, json={"tags": ["b", "c"]}))
    assert (body["tags"], body["note"]) == (["b", "c"], "second")
    run.send(complete())
    ok(operator.patch(run.path, json={"tags": [], "note": ""}))
    body = ok(operator.get(run.path))
    assert (body["tags"], body["note"], body["status"]) == ([], "", "completed")


@pytest.mark.parametrize(
    "bad", [{"tags": "x"}, {"tags": [5]}, {"tags": None}, {"note": 5}, {"note": "a\x00b"}, {"tags": ["\x00"]}], ids=str
)
def test_bad_changes(operator: httpx.Client, start: Start, bad: dict[str, Any]) -> None:
    run = start(tags=["a"], note="first")
    refused(operator.patch(run.path, json=bad))
    body = ok(operator.get(run.path))
    assert (body["tags"], body["note"]) == (["a"], "first")


def test_the_result_is_what_the_training_produced(operator: httpx.Client, run: Run) -> None:
    result = {"prompts": {"entity": "Find é 🙂\n", "n": [1, 2.5, None, True, {}]}, "": 0}
    run.send(complete(result=result))
    assert ok(operator.get(f"{run.path}/result")) == result


def test_a_finished_run_is_deleted_with_its_log(operator: httpx.Client, domain: str, start: Start) -> None:
    kept, run = start(), start()
    kept.send(log("kept"), complete())
    run.send(log("gone"))
    problem(operator.delete(run.path), 409)
    run.send(complete(result={"a": 1}))

    answer = operator.delete(run.path)

    assert (answer.status_code, answer.content) == (204, b"")
    for path in (run.path, f"{run.path}/result", f"/domains/{domain}/training-runs/2"):
        problem(operator.get(path), 404)
    problem(operator.get(f"/domains/{domain}/training-status?run=2"), 404)
    problem(operator.get(f"/domains/{domain}/training-logs?run=2"), 404)
    problem(operator.delete(run.path), 404)
    assert ok(operator.get(f"/domains/{domain}/training-status"))["training_run_id"] == kept.id
    assert [entry["message"] for entry in kept.entries()] == ["kept"]


def test_an_active_run_is_not_deleted(operator: httpx.Client, run: Run) -> None:
    problem(operator.delete(run.path), 409)
    run.send(progress(0.5))
    problem(operator.delete(run.path), 409)
    ok(run.cancel())
    problem(operator.delete(run.path), 409)
    assert run.status()["status"] == "training"


def test_a_run_is_asked_to_stop(run: Run) -> None:
    run.send(progress(0.5))
    assert run.heartbeat()["cancel_requested"] is False

    ok(run.cancel())

    status = run.status()
    assert (status["status"], status["cancel_requested"], status["failure_reason"]) == ("training", True, None)
    assert run.heartbeat()["cancel_requested"] is True
    assert run.send(log())["cancel_requested"] is True
    assert ok(run.post())["cancel_requested"] is True
    assert ok(run.post({"n": 1, **log()}))["cancel_requested"] is True
    ok(run.cancel())
    assert len(run.entries()) == 1


def test_a_pending_run_that_was_just_started_is_asked_to_stop(run: Run) -> None:
    ok(run.cancel())
    status = run.status()
    assert (status["status"], status["cancel_requested"]) == ("pending", True)
    assert run.heartbeat()["cancel_requested"] is True


def test_a_fail_after_the_request_is_cancelled(run: Run) -> None:
    run.send(progress(0.5))
    ok(run.cancel())
    assert run.send(fail("stopped as asked"))["status"] == "failed"
    status = run.status()
    assert (status["failure_reason"], status["error_message"]) == ("cancelled", "stopped as asked")
    assert status["cancel_requested"] is True
    problem(run.post({"n": 3, **log()}), 409)


def test_a_complete_after_the_request_still_completes(run: Run) -> None:
    run.send(progress(0.5))
    ok(run.cancel())
    assert run.send(complete())["status"] == "completed"
    status = run.status()
    assert (status["status"], status["failure_reason"], status["progress"]) == ("completed", None, 100)


@pytest.mark.parametrize("end", [complete(), fail()], ids=["completed", "failed"])
def test_a_finished_run_is_not_asked_to_stop(run: Run, end: dict[str, Any]) -> None:
    run.send(end)
    problem(run.cancel(), 409)
    assert run.status()["cancel_requested"] is False


def test_a_fail_without_a_request_is_an_error(run: Run) -> None:
    run.send(fail("CUDA out of memory"))
    status = run.status()
    assert (status["status"], status["failure_reason"], status["error_message"]) == (
        "failed",
        "error",
        "CUDA out of memory",
    )
