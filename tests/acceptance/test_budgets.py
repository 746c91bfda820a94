"""Budgets: limits of what a run may cost and of its tokens, near which it is said, and at which it is cancelled."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.answers import ok, problem, refused
from tests.support.domains import create_domain
from tests.support.live_viewers import Told
from tests.support.optimizer_events import candidate, evaluation, usage, used
from tests.support.running_service import Service, await_until
from tests.support.runs import ENTITY, Run, complete, fail, log, new_id, phase
from tests.support.stream_viewers import Audience

Start = Callable[..., Run]

FIVE_USD = {"cost_limit": 5, "currency": "USD"}
COST_REACHED = "the cost limit of 5 USD was reached"
SILENCE_NOTICED_WITHIN_S = 15.0
NO_LIMITS = {"cost_limit": None, "currency": None, "tokens_limit": None}


def cost(amount: float, currency: str = "USD") -> dict[str, Any]:
    return usage(used(cost=amount, currency=currency))


def tokens(count: int) -> dict[str, Any]:
    return usage(used(input_tokens=count - count // 3, output_tokens=count // 3))


def change(run: Run, **limits: Any) -> httpx.Response:
    return run.client.patch(run.path, json=limits)


def audited(service: Service, run: Run) -> list[tuple[str, str, str, Any]]:
    """The audit entries about cancelling this run."""
    with service.connect_to_database() as connection:
        rows = connection.execute(
            "SELECT actor_kind, actor, action, details FROM training_status_auditentry"
            " WHERE action = 'cancelled' AND details ->> 'training_run_id' = %s ORDER BY id",
            (run.id,),
        ).fetchall()
    return [(kind, actor, action, details.get("reason")) for kind, actor, action, details in rows]


def test_without_a_limit_there_is_no_budget(run: Run) -> None:
    receipt = run.send(cost(10**6), tokens(10**9))
    assert (receipt["budget"], receipt["cancel_requested"]) == (None, False)
    assert (run.status()["budget"], run.status()["cancel_reason"]) == (None, None)


def test_a_cost_limit_from_ok_to_cancelled(service: Service, start: Start) -> None:
    run = start(**FIVE_USD)
    limits = {"cost_limit": 5, "currency": "USD", "tokens_limit": None, "is_lower_bound": False}
    assert run.started["budget"] == limits | {"used_share": 0, "state": "ok"}
    assert run.heartbeat()["budget"] == "ok"
    run.send(phase(ENTITY), candidate("1", state={"p": {}}), evaluation("1", 0.5))
    for amount, share, state in ((3.9, 0.78, "ok"), (0.1, 0.8, "near"), (0.9, 0.98, "near")):
        receipt = run.send(cost(amount))
        assert (receipt["budget"], receipt["cancel_requested"]) == (state, False)
        assert run.status()["budget"] == limits | {"used_share": pytest.approx(share), "state": state}
    assert audited(service, run) == []

    receipt = run.send(cost(0.1))
    assert (receipt["budget"], receipt["cancel_requested"], receipt["status"]) == ("exceeded", True, "training")
    status = run.status()
    assert (status["status"], status["cancel_requested"], status["error_message"]) == ("training", True, None)
    assert (status["cancel_reason"], status["budget"]["state"]) == (COST_REACHED, "exceeded")
    assert audited(service, run) == [("service", "the budget", "cancelled", COST_REACHED)]

    run.send(cost(0.5), fail("TrainingCancelled"))
    status = run.status()
    assert (status["status"], status["failure_reason"]) == ("failed", "cancelled")
    assert status["error_message"] == status["error"] == f"Cancelled: {COST_REACHED}."
    assert status["budget"]["used_share"] == pytest.approx(1.1)
    assert run.entries()[-1]["message"] == "TrainingCancelled"
    assert ok(run.client.get(f"{run.path}/best-program")) == {"p": {}}
    assert len(audited(service, run)) == 1


def test_a_tokens_limit(service: Service, start: Start) -> None:
    run = start(tokens_limit=1000)
    assert run.send(tokens(799))["budget"] == "ok"
    assert run.send(tokens(1))["budget"] == "near"
    receipt = run.send(tokens(200))
    assert (receipt["budget"], receipt["cancel_requested"]) == ("exceeded", True)
    assert run.status()["cancel_reason"] == "the tokens limit of 1,000 was reached"
    assert len(audited(service, run)) == 1


def test_a_run_that_completes_all_the_same_is_completed(start: Start) -> None:
    run = start(**FIVE_USD)
    run.send(cost(6))
    run.send(complete())
    status = run.status()
    assert (status["status"], status["error_message"], status["cancel_requested"]) == ("completed", None, True)
    at_once = start(**FIVE_USD)
    receipt = at_once.send(cost(6), complete())
    assert (receipt["status"], receipt["cancel_requested"]) == ("completed", False)
    assert at_once.status()["budget"]["state"] == "exceeded"


def test_it_is_cancelled_once_whatever_is_sent_again(service: Service, start: Start) -> None:
    run = start(**FIVE_USD)
    events = [{"n": n, **cost(1)} for n in range(1, 9)]
    for again in (events[:3], events[:6], events[2:], events, events):
        ok(run.post(*again))
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: ok(run.post(*events)), range(8)))
    run.n = 8
    assert run.send(cost(1))["cancel_requested"] is True
    assert ok(run.cancel())["cancel_reason"] == COST_REACHED
    assert audited(service, run) == [("service", "the budget", "cancelled", COST_REACHED)]
    assert run.status()["budget"]["used_share"] == pytest.approx(9 / 5)


def test_an_operator_who_was_first_has_cancelled_it(service: Service, start: Start) -> None:
    run = start(**FIVE_USD)
    run.send(log())
    ok(run.cancel())
    assert run.send(cost(6))["budget"] == "exceeded"
    assert run.status()["cancel_reason"] is None
    assert [actor for actor, *_ in audited(service, run)] == ["token"]


def test_a_run_that_goes_silent_after_it_is_cancelled(impatient_service: Service) -> None:
    operator = impatient_service.client(impatient_service.token("operator"))
    run = Run(operator, create_domain(operator), **FIVE_USD)
    run.send(cost(5))
    await_until(lambda: run.status()["status"] == "failed", SILENCE_NOTICED_WITHIN_S)
    status = run.status()
    assert (status["failure_reason"], status["error_message"]) == ("cancelled", f"Cancelled: {COST_REACHED}.")


def test_the_limits_of_the_domain_hold_for_its_runs(operator: httpx.Client, domain: str) -> None:
    path = f"/domains/{domain}"
    assert ok(operator.get(path)) | NO_LIMITS == ok(operator.get(path))
    assert ok(operator.patch(path, json=FIVE_USD | {"tokens_limit": 1000}))["tokens_limit"] == 1000
    first = Run(operator, domain)
    assert first.status()["budget"]["cost_limit"] == 5
    own = Run(operator, domain, cost_limit=1, currency="EUR")
    budget = own.status()["budget"]
    assert (budget["cost_limit"], budget["currency"], budget["tokens_limit"]) == (1, "EUR", 1000)

    changed = ok(operator.patch(path, json={"cost_limit": 7.5}))
    assert (changed["cost_limit"], changed["currency"]) == (7.5, "USD")
    removed = ok(operator.patch(path, json={"cost_limit": None}))
    assert (removed["cost_limit"], removed["currency"], removed["tokens_limit"]) == (None, None, 1000)
    ok(operator.patch(path, json={"tokens_limit": None}))
    assert Run(operator, domain).status()["budget"] is None
    assert first.status()["budget"]["cost_limit"] == 5  # as it was started


def test_a_domain_is_created_with_limits(operator: httpx.Client) -> None:
    new = {"name": "thrifty", "description": "What it is for", **FIVE_USD, "tokens_limit": 10}
    assert operator.post("/domains", json=new).status_code == 201
    created = ok(operator.get("/domains/thrifty"))
    assert created | FIVE_USD | {"tokens_limit": 10} == created
    assert Run(operator, "thrifty").status()["budget"]["state"] == "ok"


def test_the_limits_of_a_run_are_changed_in_time(service: Service, start: Start) -> None:
    run = start(**FIVE_USD)
    run.send(cost(4.5))
    assert ok(change(run, cost_limit=50))["budget"]["state"] == "ok"
    assert run.send(cost(4.5))["cancel_requested"] is False
    assert ok(change(run, **NO_LIMITS))["budget"] is None
    assert run.send(cost(100))["budget"] is None
    assert ok(change(run, tokens_limit=10**6))["budget"]["used_share"] == 0
    assert audited(service, run) == []


def test_a_limit_that_is_lowered_below_what_is_used_cancels_at_once(service: Service, start: Start) -> None:
    run = start(**FIVE_USD)
    run.send(cost(4))
    lowered = ok(change(run, cost_limit=4))
    assert (lowered["cancel_requested"], lowered["cancel_reason"]) == (True, "the cost limit of 4 USD was reached")
    assert run.heartbeat() | {"budget": "exceeded", "cancel_requested": True} == run.heartbeat()
    # What the reporter may have been told is not taken back.
    assert ok(change(run, cost_limit=500))["cancel_requested"] is True
    assert run.send(cost(1000))["budget"] == "exceeded"
    assert audited(service, run) == [("service", "the budget", "cancelled", "the cost limit of 4 USD was reached")]


def test_the_budget_of_a_run_that_has_ended_is_not_changed(run: Run) -> None:
    run.send(complete())
    assert problem(change(run, tokens_limit=5), 409)["code"] == "run_finished"
    assert run.status()["budget"] is None
    assert ok(change(run, note="still possible"))["note"] == "still possible"


def test_costs_that_are_not_known_are_not_taken_for_nothing(start: Start) -> None:
    run = start(**FIVE_USD)
    run.send(usage(used(calls=3)))
    budget = run.status()["budget"]
    assert (budget["used_share"], budget["is_lower_bound"]) == (0, True)
    run.send(cost(70, "EUR"), cost(1))
    budget = run.status()["budget"]
    assert (budget["used_share"], budget["is_lower_bound"], budget["state"]) == (0.2, True, "ok")


BAD_LIMITS: list[dict[str, Any]] = [
    {"cost_limit": -1, "currency": "USD"},
    {"cost_limit": 0, "currency": "USD"},
    {"cost_limit": "5", "currency": "USD"},
    {"cost_limit": True, "currency": "USD"},
    {"cost_limit": 10**10, "currency": "USD"},
    {"cost_limit": 5},
    {"currency": "USD"},
    {"cost_limit": 5, "currency": "usd"},
    {"cost_limit": 5, "currency": "US"},
    {"cost_limit": 5, "currency": "USD\n"},
    {"cost_limit": 5, "currency": ""},
    {"cost_limit": None, "currency": "USD"},
    {"cost_limit": 5, "currency": None},
    {"tokens_limit": -1},
    {"tokens_limit": 0},
    {"tokens_limit": 1.5},
    {"tokens_limit": "many"},
    {"tokens_limit": 10**16},
    {"token_limit": 5},
]


@pytest.mark.parametrize("bad", BAD_LIMITS)
def test_bad_limits_are_refused_and_store_nothing(operator: httpx.Client, domain: str, run: Run, bad: Any) -> None:
    domain_before, run_before = ok(operator.get(f"/domains/{domain}")), ok(operator.get(run.path))
    refused(operator.post(f"/domains/{domain}/training-runs", json={"id": new_id(), **bad}))
    refused(operator.patch(f"/domains/{domain}", json={"description": "Another description", **bad}))
    refused(operator.patch(run.path, json={"note": "another note", **bad}))
    refused(operator.post("/domains", json={"name": "never_made", "description": "What it is for", **bad}))
    problem(operator.get("/domains/never_made"), 404)
    unchanged = {name: value for name, value in domain_before.items() if name != "latest_run"}
    assert ok(operator.get(f"/domains/{domain}")) | unchanged == ok(operator.get(f"/domains/{domain}"))
    assert ok(operator.get(f"/domains/{domain}/training-runs"))["total"] == 1
    after = ok(operator.get(run.path))
    assert (after["note"], after["budget"]) == (run_before["note"], None)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999", "-0.0"])
def test_what_is_no_number_is_no_limit(run: Run, number: str) -> None:
    body = f'{{"cost_limit": {number}, "currency": "USD"}}'
    problem(run.client.patch(run.path, content=body, headers={"Content-Type": "application/json"}), 422)
    assert run.status()["budget"] is None


def test_a_limit_in_another_currency_than_the_costs_is_refused(start: Start) -> None:
    run = start()
    run.send(cost(1, "EUR"))
    detail = refused(change(run, **FIVE_USD))["detail"]
    assert detail == "currency is USD, but the costs of the run are in EUR."
    assert run.status()["budget"] is None
    assert ok(change(run, cost_limit=5, currency="EUR"))["budget"]["used_share"] == 0.2


def test_viewers_change_no_budget(viewer: httpx.Client, run: Run) -> None:
    problem(viewer.patch(run.path, json=FIVE_USD), 403)


def test_streams_tell_it(audience: Audience, start: Start) -> None:
    run = start(**FIVE_USD)
    run.send(phase(ENTITY))
    watching = audience.sse(run.domain)
    run.send(cost(4.5))
    watching.await_told(lambda told: _budget_of(told) == "near")
    run.send(cost(4.5))
    watching.await_told(lambda told: _budget_of(told) == "exceeded")
    run.send(fail("it stopped"))
    assert watching.await_type("failed").envelope["message"] == f"Cancelled: {COST_REACHED}."


def _budget_of(told: Told) -> str | None:
    return told.status["budget"]["state"] if "status" in told.envelope["data"] else None


def test_exported_deleted_and_imported_it_is_the_same(service: Service, start: Start, tmp_path: Path) -> None:
    run = start(**FIVE_USD, tokens_limit=10**6)
    ok(run.client.patch(f"/domains/{run.domain}", json={"cost_limit": 9, "currency": "EUR"}))
    run.send(cost(6))
    run.send(fail("it stopped"))
    before = ok(run.client.get(run.path))
    file = tmp_path / "run.ndjson"
    file.write_bytes(run.client.get(f"{run.path}/export").content)
    assert run.client.delete(f"/domains/{run.domain}").status_code == 204
    service.manage("import_run", str(file))
    assert ok(run.client.get(run.path)) == before
    domain = ok(run.client.get(f"/domains/{run.domain}"))
    assert (domain["cost_limit"], domain["currency"], domain["tokens_limit"]) == (9, "EUR", None)
