"""The TypeScript client under Node, against the real service."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from tests.support.answers import ok
from tests.support.domains import create_domain
from tests.support.running_service import Service, await_until
from tests.support.runs import AN_ID, ENTITY, Run, complete, fail, log, phase, progress
from tests.support.stream_viewers import Audience
from tests.support.typescript_client import LIMIT_S, ClientProgram

Start = Callable[..., ClientProgram]

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


@pytest.fixture
def program() -> Iterator[Start]:
    """Start one of the client's programs, against a service and with a viewer's token unless another is given."""
    with ExitStack() as programs:

        def start(
            service: Service, name: str, domain: str, *, token: str | None = None, **options: Any
        ) -> ClientProgram:
            return programs.enter_context(
                ClientProgram(service, token or service.token("viewer"), name, domain, **options)
            )

        yield start


@pytest.fixture
def ask(service: Service, program: Start) -> Callable[..., Any]:
    """What one call of the client gives, or the error that it throws."""

    def ask(domain: str, call: str, *, token: str | None = None, **options: Any) -> Any:
        (told,) = program(service, "ask", domain, token=token, call=call, **options).to_the_end()
        return told

    return ask


@pytest.fixture
def fragile(own_service: Service) -> Run:
    """A run at a service that the test may stop."""
    operator = own_service.client(own_service.token("operator"))
    return Run(operator, create_domain(operator))


def test_status(ask: Callable[..., Any], domain: str, start: Callable[..., Run]) -> None:
    first = start()
    first.send(phase(ENTITY), complete())
    second = start()
    second.send(phase(ENTITY))
    assert ask(domain, "status", run=1) == first.status()
    told = ask(domain, "status")
    assert (told["run_number"], told["current_step"], told["status"]) == (2, ENTITY, "training")


def test_runs_results_history_and_tickets(
    ask: Callable[..., Any], viewer: httpx.Client, domain: str, start: Callable[..., Run]
) -> None:
    runs = [start(note=f"note {number}") for number in (1, 2)]
    for run in runs:
        run.send(complete(metrics={"entity_f1": 0.8}, result={"prompts": {"entity": run.id}}))
    assert ask(domain, "run", argument=runs[0].id)["note"] == "note 1"
    assert ask(domain, "result", argument=runs[1].id) == {"prompts": {"entity": runs[1].id}}
    assert ask(domain, "history") == ok(viewer.get(f"/domains/{domain}/training-history"))
    assert ask(domain, "streamTicket").keys() == {"ticket", "expires_at"}


def test_runs_side_by_side(
    ask: Callable[..., Any], viewer: httpx.Client, domain: str, start: Callable[..., Run]
) -> None:
    for score in (0.5, 0.8):
        start().send(complete(metrics={"entity_f1": score}, result={"prompts": {"entity": f"Score {score}."}}))
    told = ask(domain, "compare", runs=[2, 1])
    assert told == ok(viewer.get(f"/domains/{domain}/training-comparison", params={"run": [2, 1]}))
    assert [run["run_number"] for run in told["runs"]] == [2, 1]
    refused = ask(domain, "compare", runs=[2, 3])["error"]
    assert (refused["name"], refused["status"]) == ("ServiceError", 404)


def test_all_runs_and_all_domains(ask: Callable[..., Any], operator: httpx.Client, domain: str) -> None:
    for _ in range(101):
        Run(operator, domain)
    assert [run["run_number"] for run in ask(domain, "runs")] == list(range(101, 0, -1))
    domains = [found["name"] for found in ask("", "domains", argument={})]
    assert len(domains) == len(set(domains)) == ok(operator.get("/domains"))["total"]
    assert domain in domains


def test_the_log_while_it_grows(service: Service, program: Start, run: Run, domain: str) -> None:
    """Three writers send the same 600 events at once, each in its own pieces; 150 are there when the reading begins."""
    events = [{"n": n, **log(f"event {n}", LEVELS[n % 4])} for n in range(1, 601)]
    run.post(*events[:150]).raise_for_status()
    begun = threading.Barrier(4)

    def write(size: int) -> None:
        for begin in range(0, len(events), size):
            if begin >= 300 > begin - size:
                begun.wait(LIMIT_S)
            run.post(*events[begin : begin + size]).raise_for_status()

    reading = program(service, "logs", domain, pauseAt=100)
    reading.await_that(lambda: len(reading.told) == 100)
    writers = [threading.Thread(target=write, args=(size,)) for size in (7, 11, 13)]
    for writer in writers:
        writer.start()
    begun.wait(LIMIT_S)
    reading.go_on()
    read = [(entry["seq"], entry["message"]) for entry in reading.to_the_end()]
    for writer in writers:
        writer.join(LIMIT_S)
    assert read == [(n, f"event {n}") for n in range(1, len(read) + 1)]
    assert len(read) >= 300
    later = program(service, "logs", domain, after_seq=len(read)).to_the_end()
    assert [entry["seq"] for entry in later] == list(range(len(read) + 1, 601))


def test_the_log_by_level_and_backwards(service: Service, program: Start, run: Run, domain: str) -> None:
    run.send(*[log(f"event {n}", LEVELS[n % 4]) for n in range(1, 451)])

    def seqs(**filters: Any) -> list[int]:
        return [entry["seq"] for entry in program(service, "logs", domain, **filters).to_the_end()]

    assert seqs(level=["ERROR", "INFO"]) == [n for n in range(1, 451) if n % 4 in (1, 3)]
    assert seqs(order="desc") == list(range(450, 0, -1))
    assert seqs(search="EVENT 44", order="desc") == [*range(449, 439, -1), 44]
    assert seqs(after_seq=10, before_seq=15) == [11, 12, 13, 14]


def test_a_search_that_runs_out_of_time(program: Start) -> None:
    """With next to no time for it the service looks through one slice of the log a request, of 2000 entries."""
    hurried = Service(AEGIS_LOG_SEARCH_LIMIT_S="0.000001")
    try:
        hurried.start()
        run = Run(hurried.client(hurried.token("operator")), create_domain(hurried.client(hurried.token("operator"))))
        for _ in range(5):
            run.send(*[log("a needle" if n % 500 == 0 else "hay") for n in range(1000)])
        assert run.log(search="needle", order="asc")["searched_to_seq"] is not None
        expected = [n for n in range(1, 5001) if n % 500 == 1]
        for order, seqs in {"asc": expected, "desc": expected[::-1]}.items():
            told = program(hurried, "logs", run.domain, search="needle", order=order).to_the_end()
            assert [entry["seq"] for entry in told] == seqs
    finally:
        hurried.stop()


def test_the_log_stays_with_the_run_that_it_began_with(
    service: Service, program: Start, start: Callable[..., Run], domain: str
) -> None:
    start().send(*[log(f"of the first run, {n}") for n in range(150)])
    reading = program(service, "logs", domain, pauseAt=1)
    reading.await_that(lambda: reading.told)
    start().send(*[log("of the second run") for n in range(200)])
    reading.go_on()
    assert [entry["message"] for entry in reading.to_the_end()] == [f"of the first run, {n}" for n in range(150)]


def test_a_domain_without_a_run_has_no_entries(service: Service, program: Start, domain: str) -> None:
    assert program(service, "logs", domain).to_the_end() == []
    (told,) = program(service, "logs", "unknown").to_the_end()
    assert told["error"]["status"] == 404


def test_refusals_are_thrown(ask: Callable[..., Any], viewer: httpx.Client, domain: str) -> None:
    path = f"/domains/{domain}/training-status"
    answers = {
        ask(domain, "status", token="aegis_wrong")["error"]["status"]: 401,
        ask(domain, "status")["error"]["message"]: viewer.get(path).json()["detail"],
        ask(domain, "status", run=0)["error"]["status"]: 422,
        ask(domain, "run", argument=AN_ID)["error"]["code"]: viewer.get(f"/training-runs/{AN_ID}").json()["code"],
    }
    assert list(answers) == list(answers.values())


@pytest.mark.parametrize("end", [complete(), fail("no memory")])
def test_a_watch_of_a_run_ends_with_it(service: Service, program: Start, run: Run, end: dict[str, Any]) -> None:
    watching = program(service, "watch", run.domain, trainingRunId=run.id)
    run.send(phase(ENTITY), progress(0.5, message="half"))
    watching.await_that(lambda: watching.seqs == [1, 2])
    run.send(log("the last"), end)
    told = watching.to_the_end()
    entries = [entry["seq"] for entry in run.entries()]
    assert watching.seqs == entries
    assert watching.events[-1]["event_type"] in ("completed", "failed")
    assert told[-1] == {"ended": f"{run.number}.end"}
    assert "waiting" not in watching.states
    again = program(service, "watch", run.domain, trainingRunId=run.id, lastEventId=f"{run.number}.end")
    assert again.to_the_end() == [{"state": "connecting", "why": ""}, {"ended": f"{run.number}.end"}]


def test_a_watch_across_a_restart_of_the_service(own_service: Service, program: Start, fragile: Run) -> None:
    watching = program(own_service, "watch", fragile.domain, trainingRunId=fragile.id)
    fragile.send(log("1"), log("2"))
    watching.await_that(lambda: watching.seqs == [1, 2])
    for interrupt in (own_service.terminate, own_service.kill):
        interrupt()
        watching.await_that(lambda: watching.states[-1] == "waiting")
        own_service.start()
        fragile.send(log("missed, perhaps"), log("too"))
    watching.await_that(lambda: watching.seqs == list(range(1, 7)))
    fragile.send(log("7"), complete())
    watching.to_the_end()
    assert watching.seqs == list(range(1, 8))


def test_a_watch_of_a_domain_goes_from_run_to_run(
    service: Service, program: Start, domain: str, operator: httpx.Client
) -> None:
    watching = program(service, "watch", domain)
    watching.await_that(lambda: "open" in watching.states)
    for number in (1, 2):
        run = Run(operator, domain)
        run.send(log(f"of run {number}"), complete())
        watching.await_that(lambda: len([e for e in watching.events if e["event_type"] == "completed"]) == number)  # noqa: B023
    messages = [event["data"]["message"] for event in watching.events if event["event_type"] == "log"]
    assert messages == ["of run 1", "of run 2"]


def test_to_leave_the_loop_gives_the_place_free(program: Start) -> None:
    """At a service that takes one viewer: the second waits with its sentence until the first has left the loop."""
    narrow = Service(AEGIS_STREAM_VIEWERS_MAX="1")
    try:
        narrow.start()
        operator = narrow.client(narrow.token("operator"))
        run = Run(operator, create_domain(operator))
        first = program(narrow, "watch", run.domain, leaveAfter=2)
        first.await_that(lambda: first.events)
        with Audience(narrow, narrow.token("viewer")) as others:
            refused = others.sse(run.domain)
            assert refused.answer.status_code == 503
            second = program(narrow, "watch", run.domain)
            waiting = {"state": "waiting", "why": refused.answer.json()["detail"]}
            second.await_that(lambda: waiting in second.told)
            run.send(log("the second event"))
            first.await_that(lambda: "ended" in first.told[-1])
            second.await_that(lambda: second.seqs == [1])
        first.go_on()
        first.to_the_end()
    finally:
        narrow.stop()


def test_what_a_watch_throws(service: Service, program: Start, run: Run) -> None:
    for options, status in (
        ({"token": "aegis_wrong"}, 401),
        ({"trainingRunId": AN_ID}, 404),
        ({"trainingRunId": "no-id"}, 422),
    ):
        told = program(service, "watch", run.domain, **options).to_the_end()
        assert [told[-1]["error"]["name"], told[-1]["error"]["status"]] == ["ServiceError", status]
        assert len(told) == 2


def test_an_abort(service: Service, program: Start, run: Run) -> None:
    watching = program(service, "watch", run.domain, abortAfter=1)
    assert watching.to_the_end()[-1]["error"]["name"] == "AbortError"


def test_a_service_that_is_not_there(own_service: Service, program: Start, fragile: Run) -> None:
    viewer = own_service.token("viewer")
    own_service.terminate()
    (told,) = program(own_service, "ask", fragile.domain, token=viewer, call="status").to_the_end()
    assert told["error"] == {
        "name": "ServiceError",
        "message": "The service cannot be reached.",
        "status": 0,
        "code": "",
    }
    watching = program(own_service, "watch", fragile.domain, token=viewer)
    await_until(lambda: watching.states.count("waiting") >= 2, LIMIT_S)
    own_service.start()
    fragile.send(log("back again"))
    watching.await_that(lambda: watching.seqs == [1])
