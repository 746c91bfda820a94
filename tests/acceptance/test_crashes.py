"""What is acknowledged survives: the service killed, the database stopped."""

import threading
from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.support.answers import ok, problem
from tests.support.domains import create_domain
from tests.support.own_database import Database
from tests.support.running_service import Service
from tests.support.runs import Run, log, phase, progress

LIMIT_S = 60


def test_killing_the_service_loses_nothing_acknowledged(own_service: Service) -> None:
    """A reporter sends without a pause while the service is killed three times; it resends what was not answered."""
    run = Run(own_service.client(own_service.token("operator")), create_domain_in(own_service))
    acknowledged = 0
    sent_on = threading.Event()

    def report(until: threading.Event) -> None:
        nonlocal acknowledged
        while not until.is_set():
            batch = [{"n": n, **log(f"line {n}")} for n in range(acknowledged + 1, acknowledged + 8)]
            try:
                answer = run.post(*batch)
            except httpx.TransportError:
                continue
            if answer.status_code == 200:
                acknowledged = answer.json()["last_n"]
                sent_on.set()

    token = own_service.token("operator")
    for _ in range(3):
        stop = threading.Event()
        reporter = threading.Thread(target=report, args=[stop])
        reporter.start()
        sent_on.clear()
        assert sent_on.wait(LIMIT_S)
        own_service.kill()
        stop.set()
        reporter.join(LIMIT_S)
        own_service.start()
        run.client = own_service.client(token)
        kept = run.log(page_size=1)["last_seq"]
        assert kept >= acknowledged
        receipt = ok(run.post(*[{"n": n, **log(f"line {n}")} for n in range(max(1, kept - 5), kept + 1)]))
        assert (receipt["accepted"], receipt["last_n"]) == (0, kept)
        acknowledged = kept
    lines = ok_lines(run)
    assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))
    assert [line["message"] for line in lines] == [f"line {n}" for n in range(1, len(lines) + 1)]


def test_a_stopped_database_is_said_and_recovered_from(database: Database) -> None:
    service = Service()
    service.use_database(database.url, database.credentials)
    service.start()
    try:
        client = service.client(service.token("operator"))
        domain = create_domain(client)
        run = Run(client, domain)
        run.send(phase("loading_data"), progress(0.5))
        status = f"/domains/{domain}/training-status"
        with ThreadPoolExecutor(8) as many:  # every thread of the service has a connection that will be cut
            assert {answer.status_code for answer in many.map(lambda _: client.get(status), range(64))} == {200}
        database.stop()
        # With new connections: the service closes those that were idle for a while.
        client = run.client = service.client(service.token("operator"))
        with ThreadPoolExecutor(8) as many:
            answers = list(many.map(lambda _: client.get(status), range(32)))
        answers.append(run.post({"n": 3, **log("lost?")}))
        for answer in answers:
            body = problem(answer, 500)
            assert body["detail"] == "Database operation failed"
            assert answer.headers["Retry-After"] == "1"
        assert problem(httpx.get(service.url + "/healthz"), 503)["status"] == 503
        assert httpx.get(service.url + "/sign-in").status_code == 200  # needs no database
        database.start()
        client = run.client = service.client(service.token("operator"))
        with ThreadPoolExecutor(8) as many:
            answers = list(many.map(lambda _: client.get(status), range(64)))
        assert {answer.status_code for answer in answers} == {200}
        assert answers[0].json()["progress"] == 7
        assert run.send(log("not lost"))["last_n"] == 3
        assert httpx.get(service.url + "/healthz").json() == {"status": "ok"}
    finally:
        service.stop()


def create_domain_in(service: Service) -> str:
    return create_domain(service.client(service.token("operator")))


def ok_lines(run: Run) -> list[dict]:
    """Every line of the run, oldest first."""
    lines: list[dict] = []
    while page := run.log(order="asc", page_size=100, after_seq=len(lines))["logs"]:
        lines += page
    return lines
