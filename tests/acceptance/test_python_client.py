"""The Python client for reading against the real service."""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from aegis_tracker import Client, ServiceError, TrainingEvent, TrainingProgressTracker, UnreachableError

from tests.support.answers import ok
from tests.support.domains import create_domain
from tests.support.project import PROJECT
from tests.support.running_service import Service, await_until
from tests.support.runs import ENTITY, Run, complete, fail, log, new_id, phase, progress

LIMIT_S = 60
WRITERS, LINES_EACH = 3, 700
MESSAGE_MAX_BYTES = 64 * 1024
_ENDS = {"completed", "failed"}
_CONNECTED = {"01", "04", "05", "08"}  # states of Linux in which a connection still holds somebody


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """A service that may be stopped, and that looks through a log for a moment only."""
    running = Service(AEGIS_LOG_SEARCH_LIMIT_S="0.0001")
    try:
        running.start()
        yield running
    finally:
        running.stop()
    assert not running.complaints


@pytest.fixture
def operator(service: Service) -> httpx.Client:
    return service.client(service.token("operator"))


@pytest.fixture
def client(service: Service) -> Iterator[Client]:
    with Client(service.url, token=service.token("viewer")) as reader:
        yield reader


# What there is


def test_status_run_result_and_history(client: Client, operator: httpx.Client, run: Run, domain: str) -> None:
    run.send(phase(ENTITY), progress(0.5, message="half", metrics={"entity_f1": 0.5}))
    run.send(complete(metrics={"entity_f1": 0.9}, result={"prompts": {"entity": "Find …"}}))
    Run(operator, domain).send(phase(ENTITY), fail("no memory"))
    assert client.status(domain)["error_message"] == "no memory"
    assert client.status(domain, run=1) == ok(operator.get(f"/domains/{domain}/training-status", params={"run": 1}))
    assert client.run(run.id) == ok(operator.get(run.path))
    assert client.result(run.id) == {"prompts": {"entity": "Find …"}}
    assert client.history(domain) == ok(operator.get(f"/domains/{domain}/training-history"))
    assert client.compare(domain, [2, 1]) == ok(operator.get(f"/domains/{domain}/training-comparison?run=2&run=1"))
    assert [past["run_number"] for past in client.history(domain)["training_runs"]] == [1, 2]


def test_domains(client: Client, operator: httpx.Client) -> None:
    """More than one page of them."""
    names = {create_domain(operator) for _ in range(103)}
    told = [domain["name"] for domain in client.domains()]
    assert len(told) == len(set(told))
    assert names <= set(told)
    assert next(one for one in client.domains() if one["name"] == min(names))["latest_run"] is None


def test_runs_while_some_come_and_go(client: Client, operator: httpx.Client, domain: str) -> None:
    made = [Run(operator, domain) for _ in range(205)]
    made[200].send(complete())
    told = client.runs(domain)
    numbers = [next(told)["run_number"]]  # the first page has been read
    Run(operator, domain)
    numbers += [next(told)["run_number"] for _ in range(100)]  # and now the second
    assert operator.delete(made[200].path).status_code == 204
    numbers += [run["run_number"] for run in told]
    assert numbers == list(range(205, 0, -1))


# The log


def test_a_log_while_three_threads_write_it(service: Service, client: Client, domain: str, tmp_path: Path) -> None:
    """However the iterations fall among the writing: nothing twice, nothing missing, in order."""
    token = service.token("reporter")
    forwards: list[dict[str, Any]] = []
    with TrainingProgressTracker(domain, url=service.url, token=token, spool_dir=tmp_path) as tracker:
        tracker.log("INFO", "begin")
        assert tracker.flush(LIMIT_S)

        def write(name: int) -> None:
            for line in range(LINES_EACH):
                tracker.log("INFO", f"{name}: {line}")

        writers = [threading.Thread(target=write, args=(name,)) for name in range(WRITERS)]
        for writer in writers:
            writer.start()
        is_written = False
        while not is_written:
            is_written = not any(writer.is_alive() for writer in writers) and tracker.flush(LIMIT_S)
            forwards += client.logs(domain, after_seq=forwards[-1]["seq"] if forwards else None)
            backwards = [entry["seq"] for entry in client.logs(domain, newest_first=True)]
            assert backwards == list(range(backwards[0], 0, -1))
    assert [entry["seq"] for entry in forwards] == list(range(1, WRITERS * LINES_EACH + 2))
    messages = [entry["message"] for entry in forwards]
    assert sorted(messages) == sorted(
        ["begin", *(f"{name}: {line}" for name in range(WRITERS) for line in range(LINES_EACH))]
    )


def test_a_log_that_grows_while_it_is_read(client: Client, run: Run, domain: str) -> None:
    run.send(*[log(f"line {n}") for n in range(1, 151)])
    seqs = []
    for entry in client.logs(domain):
        seqs.append(entry["seq"])
        if len(seqs) in (1, 100, 150):
            run.send(*[log() for _ in range(60)])
    assert seqs == list(range(1, 331))


def test_a_new_run_does_not_mix_in(client: Client, operator: httpx.Client, run: Run, domain: str) -> None:
    run.send(*[log("of run 1") for _ in range(250)])
    entries = client.logs(domain)
    messages = [next(entries)["message"]]
    later = Run(operator, domain)
    later.send(*[log("of run 2") for _ in range(250)])
    messages += [entry["message"] for entry in entries]
    assert messages == ["of run 1"] * 250
    assert {entry["message"] for entry in client.logs(domain)} == {"of run 2"}
    assert {entry["message"] for entry in client.logs(domain, run=1)} == {"of run 1"}


def test_filters(client: Client, run: Run, domain: str) -> None:
    levels = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
    run.send(*[log(f"line {n}", levels[n % 5], step="warm up" if n < 200 else None) for n in range(1, 401)])

    def seqs(**asked: Any) -> list[int]:
        return [entry["seq"] for entry in client.logs(domain, **asked)]

    whole = range(1, 401)
    assert seqs(level="ERROR") == [n for n in whole if n % 5 == 3]
    assert seqs(level=["ERROR", "DEBUG"]) == [n for n in whole if n % 5 in (0, 3)]
    assert seqs(min_level="WARNING", newest_first=True) == [n for n in reversed(whole) if n % 5 >= 2]
    assert seqs(step="warm up") == list(range(1, 200))
    assert seqs(search="LINE 11") == [11, *range(110, 120)]
    assert seqs(after_seq=20, before_seq=380) == list(range(21, 380))
    assert seqs(after_seq=20, before_seq=380, newest_first=True) == list(range(379, 20, -1))
    assert seqs(after_seq=400) == []


def test_a_search_that_runs_out_of_time_goes_on(client: Client, run: Run, domain: str) -> None:
    needles = {1, 2, 1999, 2000, 2001, 7000, *range(9000, 9250), 11_999, 12_000}
    for first in range(1, 12_001, 1000):
        run.send(*[log("a needle" if n in needles else "hay") for n in range(first, first + 1000)])
    assert not run.log(search="needle", order="asc")["total_is_exact"]
    found = [entry["seq"] for entry in client.logs(domain, search="needle")]
    assert found == sorted(needles)
    found = [entry["seq"] for entry in client.logs(domain, search="needle", newest_first=True)]
    assert found == sorted(needles, reverse=True)


def test_a_page_of_the_largest_entries(client: Client, run: Run, domain: str) -> None:
    text = "\x01" * (MESSAGE_MAX_BYTES - 8)  # each takes six characters in JSON
    for first in range(0, 100, 10):
        run.send(*[log(f"{n:08}{text}") for n in range(first, first + 10)])
    messages = [entry["message"] for entry in client.logs(domain)]
    assert messages == [f"{n:08}{text}" for n in range(100)]


def test_a_domain_without_a_run(client: Client, domain: str) -> None:
    assert list(client.logs(domain)) == []
    assert list(client.runs(domain)) == []
    with pytest.raises(ServiceError) as raised:
        client.status(domain)
    assert (raised.value.status, raised.value.code) == (404, "no_training")


# Refusals


@pytest.mark.parametrize(
    "ask",
    [
        lambda client, domain: client.status(domain),
        lambda client, domain: list(client.logs(domain)),
        lambda client, domain: list(client.runs(domain)),
        lambda client, domain: client.history(domain),
        lambda client, domain: list(client.watch(domain)),
    ],
    ids=["status", "logs", "runs", "history", "watch"],
)
def test_no_such_domain_and_no_valid_token(service: Service, client: Client, run: Run, ask: Any) -> None:
    with pytest.raises(ServiceError, match="nowhere") as raised:
        ask(client, "nowhere")
    assert raised.value.status == 404
    assert "'nowhere'" in raised.value.detail
    with (
        Client(service.url, token="aegis_wrong") as stranger,
        pytest.raises(ServiceError, match="no valid token") as raised,
    ):
        ask(stranger, run.domain)
    assert raised.value.status == 401
    bound = service.token("viewer", run.domain)
    with Client(service.url, token=bound) as limited, pytest.raises(ServiceError) as raised:
        ask(limited, "nowhere")
    assert raised.value.status == 404


def test_no_such_run(client: Client, run: Run, domain: str) -> None:
    for ask in (
        lambda: client.status(domain, run=2),
        lambda: list(client.logs(domain, run=2)),
        lambda: client.run(new_id()),
        lambda: client.result(run.id),
        lambda: list(client.watch(domain, training_run_id=new_id())),
    ):
        with pytest.raises(ServiceError) as raised:
            ask()
        assert raised.value.status == 404
    assert raised.value.code == "run_not_found"


def test_what_cannot_be_asked(client: Client, run: Run, domain: str) -> None:
    for ask in (
        lambda: client.status(domain, run=0),
        lambda: list(client.logs(domain, after_seq=-1)),
        lambda: list(client.watch(domain, training_run_id="one")),
    ):
        with pytest.raises(ServiceError) as raised:
            ask()
        assert raised.value.status == 422


# Live


def of(event: TrainingEvent) -> str | int:
    return event["data"]["seq"] if event["event_type"] == "log" else event["event_type"]


def entries_in(story: list[str | int]) -> list[int]:
    return [one for one in story if isinstance(one, int)]


@pytest.mark.parametrize("interrupt", [Service.terminate, Service.kill])
def test_a_watch_across_a_restart(service: Service, client: Client, run: Run, domain: str, interrupt: Any) -> None:
    interruptions: list[Exception] = []
    watch = client.watch(domain, training_run_id=run.id, on_trouble=interruptions.append)
    run.send(log(), log())
    story: list[str | int] = []
    for event in watch:
        story.append(of(event))
        if story[-1] == 2:
            interrupt(service)
            with pytest.raises(UnreachableError):
                client.status(domain)
            service.start()
            run.send(log(), log())
        if story[-1] == 4:
            run.send(log(), complete())
    assert entries_in(story) == [1, 2, 3, 4, 5]
    assert [one for one in story if one in _ENDS] == ["completed"]
    assert story[-1] == "completed"
    assert interruptions
    assert watch.last_event_id == "1.end"
    assert client.status(domain)["status"] == "completed"


def test_a_watch_of_a_run_ends_with_it(client: Client, run: Run, domain: str) -> None:
    run.send(log(), fail("no memory"))
    watch = client.watch(domain, training_run_id=run.id)
    events = list(watch)
    assert [of(event) for event in events][-3:] == [1, 2, "failed"]
    assert events[-1]["data"]["status"] == client.status(domain)  # type: ignore[typeddict-item]
    assert list(client.watch(domain, training_run_id=run.id, last_event_id=watch.last_event_id)) == []
    assert [of(event) for event in client.watch(domain, training_run_id=run.id, last_event_id="1.1")] == [2, "failed"]


def test_a_watch_of_a_domain_goes_on_to_the_next_run(client: Client, operator: httpx.Client, domain: str) -> None:
    story: list[tuple[str, str | int]] = []
    runs: list[Run] = []
    starting = threading.Timer(0.2, lambda: runs.append(Run(operator, domain)) or runs[0].send(log(), complete()))
    starting.start()  # there is no run yet
    for event in client.watch(domain):
        story.append((event["training_run_id"], of(event)))
        if event["event_type"] == "completed":
            if len(runs) == 2:
                break
            starting.join(LIMIT_S)
            runs.append(Run(operator, domain))
            runs[1].send(log(), log(), complete())
    for run, seqs in zip(runs, ([1], [1, 2]), strict=True):
        assert [seq for run_id, seq in story if run_id == run.id and isinstance(seq, int)] == seqs
        assert (run.id, "completed") in story


def test_a_provisional_end_and_going_on_after_it(impatient_service: Service) -> None:
    """The run was given up, reports again and ends: the end that a watch has seen does not hide the later one.

    Everybody may read from this service, without a token.
    """
    operator = impatient_service.client(impatient_service.token("operator"))
    run = Run(operator, create_domain(operator))
    run.send(log(), log())
    await_until(lambda: run.status()["health"] == "stalled", LIMIT_S)
    ok(run.cancel())
    with Client(impatient_service.url) as anybody:
        early = anybody.watch(run.domain, training_run_id=run.id)
        assert [of(event) for event in early][-3:] == [1, 2, "failed"]
        run.send(log(), log(), complete())
        back = anybody.watch(run.domain, training_run_id=run.id, last_event_id=early.last_event_id)
        assert [of(event) for event in back] == [3, 4, "completed"]
        assert list(anybody.watch(run.domain, training_run_id=run.id, last_event_id=back.last_event_id)) == []


def test_leaving_the_loop_leaves_no_connection(service: Service, run: Run, domain: str) -> None:
    run.send(*[log() for _ in range(500)])
    port = int(service.url.rpartition(":")[2])
    before = connections_at(port)
    client = Client(service.url, token=service.token("viewer"))
    watch = client.watch(domain)
    for event in watch:
        if event["event_type"] == "log":
            assert connections_at(port) > before
            break
    await_until(lambda: connections_at(port) <= before, LIMIT_S)
    seqs = []
    for event in watch:  # goes on
        if event["event_type"] == "log":
            seqs.append(event["data"]["seq"])
        if len(seqs) == 499:
            client.close()
    assert seqs == list(range(2, 501))
    await_until(lambda: connections_at(port) <= before, LIMIT_S)


def connections_at(port: int) -> int:
    """How many ends of connections with this port there are on this machine, of either side."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(row[3] in _CONNECTED and f"{port:04X}" in (row[1][-4:], row[2][-4:]) for row in rows)


# As it is documented


EXAMPLES = re.findall(
    r"^```python\n(.*?)^```",
    (PROJECT / "clients/python/README.md").read_text().partition("\n## Reading\n")[2].partition("\n## ")[0],
    re.DOTALL | re.MULTILINE,
)


@pytest.fixture(scope="module")
def medical(service: Service) -> Run:
    """The domain that the examples name, trained."""
    operator = service.client(service.token("operator"))
    operator.post("/domains", json={"name": "medical", "description": "A domain under test"}).raise_for_status()
    run = Run(operator, "medical", optimizer="gepa")
    run.send(phase(ENTITY), log("slow", "WARNING"), complete(metrics={"entity_f1": 0.9}))
    return run


@pytest.mark.parametrize(
    ("number", "printed"),
    [
        (
            0,
            "completed 100 {'entity_f1': 0.9}\n2 slow\n1 completed gepa\n"
            "404 no_result The training run RUN has no result.\n",
        ),
        (1, f"1 Phase {ENTITY}\n2 slow\ncompleted 100.0\nso far: 1.end\n"),
    ],
)
def test_the_examples_of_the_readme(service: Service, medical: Run, number: int, printed: str) -> None:
    assert len(EXAMPLES) == 2
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", EXAMPLES[number]],
        env={**os.environ, "AEGIS_URL": service.url, "AEGIS_TOKEN": service.token("viewer")},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == printed.replace("RUN", medical.id)
