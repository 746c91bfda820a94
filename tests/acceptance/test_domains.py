"""`/domains`: creating, reading, changing and deleting."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.support.answers import ok, parse_time, problem, refused
from tests.support.runs import Run, complete, fail, log, progress

DESCRIPTION = "What it is for"


def create(client: httpx.Client, name: Any, description: Any = DESCRIPTION, **more: Any) -> httpx.Response:
    return client.post("/domains", json={"name": name, "description": description, **more})


def test_it_works(operator: httpx.Client) -> None:
    answer = create(operator, "a_domain")

    assert answer.status_code == 201
    body = answer.json()
    assert {name: body[name] for name in ("name", "description", "llm_model")} == {
        "name": "a_domain",
        "description": DESCRIPTION,
        "llm_model": "qwen3:32b",
    }
    parse_time(body["created_at"])
    assert body["latest_run"] is None
    assert ok(operator.get("/domains/a_domain")) == body
    assert body in ok(operator.get("/domains?page_size=100"))["items"]


def test_the_model_can_be_chosen(operator: httpx.Client) -> None:
    assert create(operator, "another_model", llm_model="llama4:8b").json()["llm_model"] == "llama4:8b"


def test_a_name_is_unique(operator: httpx.Client, domain: str) -> None:
    problem(create(operator, domain), 409)


def test_of_two_that_create_one_name_at_once_one_succeeds(operator: httpx.Client) -> None:
    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(lambda _: create(operator, "wanted_by_many"), range(6)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409, 409]


@pytest.mark.parametrize("name", ["ab", "a1", "a_", "z" * 100, "a__9"])
def test_good_names(operator: httpx.Client, name: str) -> None:
    assert create(operator, name).status_code == 201
    assert ok(operator.get(f"/domains/{name}"))["name"] == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a",
        "a" * 101,
        "Ab",
        "aB",
        "1a",
        "_a",
        "a-b",
        "a b",
        " ab",
        "ab ",
        "ab\n",
        "ab\r",
        "\nab",
        "ab\t",
        "ab\u2028",
        "é" * 3,
        "aé",
        "a\u0661",
        "ａｂ",
        "a/b",
        "a.b",
        "a%b",
        "ab\x00",
        None,
        5,
        1.5,
        True,
        ["ab"],
        {"a": "b"},
    ],
)
def test_bad_names(operator: httpx.Client, name: Any) -> None:
    errors = refused(create(operator, name))["errors"]
    assert [error["field"] for error in errors] == ["name"]


@pytest.mark.parametrize("description", ["x" * 10, "x" * 1000, "é" * 10, "é" * 1000, "🙂" * 1000, "x\n" * 10])
def test_good_descriptions(operator: httpx.Client, domain: str, description: str) -> None:
    assert ok(operator.patch(f"/domains/{domain}", json={"description": description}))["description"] == description


@pytest.mark.parametrize(
    "description", ["", "x" * 9, "x" * 1001, "é" * 9, "long enough\x00", None, 1234567890, ["x" * 10]]
)
def test_bad_descriptions(operator: httpx.Client, domain: str, description: Any) -> None:
    assert refused(create(operator, "never_made", description))["errors"][0]["field"] == "description"
    refused(operator.patch(f"/domains/{domain}", json={"description": description}))
    problem(operator.get("/domains/never_made"), 404)


@pytest.mark.parametrize("body", [{"name": "never_made"}, {"description": DESCRIPTION}, {}])
def test_name_and_description_are_required(operator: httpx.Client, body: dict[str, str]) -> None:
    refused(operator.post("/domains", json=body))


@pytest.mark.parametrize("model", [5, True, ["x"], {}, "a\x00b"])
def test_bad_models(operator: httpx.Client, domain: str, model: Any) -> None:
    refused(create(operator, "never_made", llm_model=model))
    refused(operator.patch(f"/domains/{domain}", json={"llm_model": model}))


def test_description_and_model_can_be_changed(operator: httpx.Client, domain: str) -> None:
    before = ok(operator.get(f"/domains/{domain}"))

    changed = ok(operator.patch(f"/domains/{domain}", json={"description": "Something else"}))
    assert changed == {**before, "description": "Something else"}
    changed = ok(operator.patch(f"/domains/{domain}", json={"llm_model": "other:1b"}))
    assert changed == {**before, "description": "Something else", "llm_model": "other:1b"}
    assert ok(operator.get(f"/domains/{domain}")) == changed


@pytest.mark.parametrize("name", ["renamed", None])
def test_a_name_stays(operator: httpx.Client, domain: str, name: str | None) -> None:
    problem(operator.patch(f"/domains/{domain}", json={"name": name}), 422)
    problem(operator.patch(f"/domains/{domain}", json={"name": domain, "description": "Something else"}), 422)
    assert ok(operator.get(f"/domains/{domain}"))["description"] != "Something else"


def test_unknown_domains(operator: httpx.Client) -> None:
    problem(operator.get("/domains/unknown"), 404)
    problem(operator.patch("/domains/unknown", json={"description": "Something else"}), 404)
    problem(operator.delete("/domains/unknown"), 404)
    problem(operator.get("/domains/unknown/training-runs"), 404)
    problem(operator.post("/domains/unknown/training-runs", json={}), 404)


def test_a_domain_is_deleted_with_its_runs(operator: httpx.Client, domain: str, run: Run) -> None:
    run.send(log(), complete())

    answer = operator.delete(f"/domains/{domain}")

    assert answer.status_code == 204
    assert answer.content == b""
    for path in ("", "/training-status", "/training-logs", "/training-runs"):
        problem(operator.get(f"/domains/{domain}{path}"), 404)
    problem(operator.get(run.path), 404)
    problem(operator.post(f"{run.path}/heartbeat"), 404)
    problem(operator.delete(f"/domains/{domain}"), 404)


def test_a_domain_with_an_active_run_stays(operator: httpx.Client, domain: str, start: Callable[..., Run]) -> None:
    start().send(complete())
    active = start()
    problem(operator.delete(f"/domains/{domain}"), 409)
    active.send(progress(0.5))
    problem(operator.delete(f"/domains/{domain}"), 409)
    active.send(fail())
    assert operator.delete(f"/domains/{domain}").status_code == 204


def test_a_domain_shows_the_status_of_its_latest_run(
    operator: httpx.Client, domain: str, start: Callable[..., Run]
) -> None:
    start().send(complete(metrics={"entity_f1": 0.5}))
    latest = start()
    latest.send(progress(0.5, metrics={"entity_f1": 0.6}), fail())

    status = ok(operator.get(f"/domains/{domain}/training-status"))

    assert status["training_run_id"] == latest.id
    assert ok(operator.get(f"/domains/{domain}"))["latest_run"] == status
    listed = {item["name"]: item for item in ok(operator.get("/domains?page_size=100"))["items"]}
    if domain in listed:
        assert listed[domain]["latest_run"] == status


def test_pages_show_every_domain_once(operator: httpx.Client, new_domain: Callable[[], str]) -> None:
    for _ in range(3):
        new_domain()
    first = ok(operator.get("/domains?page_size=2"))
    assert first.keys() >= {"items", "total", "page", "page_size"}
    assert (first["page"], first["page_size"], len(first["items"])) == (1, 2, 2)
    names = []
    for page in range(1, first["total"] // 2 + 2):
        names += [item["name"] for item in ok(operator.get(f"/domains?page_size=2&page={page}"))["items"]]
    assert len(names) == len(set(names)) == first["total"]
    assert ok(operator.get("/domains"))["page_size"] == 20


@pytest.mark.parametrize("page", [10**6, 10**18])
def test_a_page_past_the_end_is_empty(operator: httpx.Client, domain: str, page: int) -> None:
    body = ok(operator.get(f"/domains?page={page}"))
    assert body["items"] == []
    assert body["total"] >= 1


@pytest.mark.parametrize("bad", ["0", "-1", "x", "1.5", "", "NaN"])
def test_bad_pages(operator: httpx.Client, bad: str) -> None:
    assert problem(operator.get(f"/domains?page={bad}"), 422)["detail"] == "page must be >= 1"
    assert problem(operator.get(f"/domains?page_size={bad}"), 422)["detail"] == "page_size must be 1-100"


def test_a_page_of_more_than_a_hundred(operator: httpx.Client) -> None:
    assert problem(operator.get("/domains?page_size=101"), 422)["detail"] == "page_size must be 1-100"


LIMITS = ("stall_limit_s", "hang_limit_s", "lost_limit_s", "kept_runs", "kept_days")


@pytest.mark.parametrize("limit", LIMITS)
def test_a_limit_is_the_services_until_the_domain_has_one(operator: httpx.Client, domain: str, limit: str) -> None:
    path = f"/domains/{domain}"
    assert ok(operator.get(path))[limit] is None
    for value in (1, 86_400, 999_999_999, None, 7):
        assert ok(operator.patch(path, json={limit: value}))[limit] == value
    before = ok(operator.get(path))
    assert {name: before[name] for name in LIMITS} == {name: 7 if name == limit else None for name in LIMITS}


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize(
    "bad", ["0", "-1", "1000000000", "1e9", "1e400", "true", '"60"', "[60]", "{}", "NaN", "9" * 400]
)
def test_bad_limits(operator: httpx.Client, domain: str, limit: str, bad: str) -> None:
    path = f"/domains/{domain}"
    body = f'{{"description": "Not to be stored", "{limit}": {bad}}}'
    answer = operator.patch(path, content=body, headers={"Content-Type": "application/json"})
    assert len(problem(answer, 422)["detail"]) > 20
    after = ok(operator.get(path))
    assert (after[limit], after["description"] == "Not to be stored") == (None, False)


def test_the_runs_kept_are_a_whole_number(operator: httpx.Client, domain: str) -> None:
    errors = refused(operator.patch(f"/domains/{domain}", json={"kept_runs": 1.5}))["errors"]
    assert [error["field"] for error in errors] == ["kept_runs"]
    assert ok(operator.patch(f"/domains/{domain}", json={"kept_days": 0.5, "stall_limit_s": 1.5}))["kept_days"] == 0.5
