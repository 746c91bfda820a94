"""`aegis-tracker watch`, as people call it: in a pipe, on a terminal, and what it says when it cannot."""

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest
from support.contract_server import ContractServer, say, send, stream
from support.trainings import SOURCE, TOKEN

LIMIT_S = 30
DOMAIN = "/api/v1/admin/domains/medical"
RUN = "0b9c7c9e-1111-4222-8333-444455556666"
STREAM = f"{DOMAIN}/training-stream?training_run_id={RUN}"  # of that very run, whatever starts meanwhile


def status(state: str = "training", progress: int = 27, **more: Any) -> dict[str, Any]:
    return {
        "domain_name": "medical",
        "training_run_id": RUN,
        "run_number": 2,
        "status": state,
        "progress": progress,
        "current_step": "loading_data",
        "steps": [{"name": "loading_data", "status": "in_progress", "progress": 50}],
        "message": "trial 5",
        "metrics": {},
        "started_at": "2026-01-20T15:00:00Z",
        "estimated_completion": "2026-01-20T15:05:00Z",
        "forecast": None,
        "elapsed_time_ms": 60_000,
        "completed_at": None,
        "last_report_at": "2026-01-20T15:01:00Z",
        "health": "ok",
        "failure_reason": None,
        "error_message": None,
    } | more


def answer(body: Any) -> Any:
    return send(200, json.dumps(body).encode(), "application/json")


def told(*statuses: dict[str, Any]) -> str:
    events = ({"event_type": "progress_update", "data": {"status": status}} for status in statuses)
    return "".join(f"data: {json.dumps(event)}\n\n" for event in events)


NEWEST = answer({"logs": [{"seq": 45}], "searched_to_seq": None})
NO_RUN = say(404, "No training log found for domain 'medical'", code="no_training")


def watching(url: str, **streams: Any) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "aegis_tracker", "watch", "medical"],
        env={**os.environ, "PYTHONPATH": SOURCE, "AEGIS_URL": url, "AEGIS_TOKEN": TOKEN, "TERM": "xterm"},
        text=True,
        **streams,
    )


def printed(service: ContractServer) -> tuple[int, list[str], str]:
    """Exit status, lines and complaints of a watch in a pipe."""
    with watching(service.url, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        lines, complaint = process.communicate(timeout=LIMIT_S)
    return process.returncode, lines.splitlines(), complaint


def test_a_line_a_change_from_the_stream(service: ContractServer) -> None:
    service.misbehave += [
        answer(status()),
        NEWEST,
        stream(told(status(), status(message="trial 6"), status("completed", 100, message=None))),
    ]
    exit_status, lines, complaint = printed(service)
    assert (exit_status, complaint) == (0, "")
    assert [line.split("  ")[:2] for line in lines] == [
        ["training", "27 %"],
        ["training", "27 %"],
        ["completed", "100 %"],
    ]
    assert [line.split("  ")[4:] for line in lines] == [["trial 5"], ["trial 6"], []]
    assert service.requests[2] == STREAM
    assert service.headers[2]["Last-Event-ID"] == "2.45"  # the log before is not wanted


def test_the_time_left_is_that_of_the_forecast_by_the_clock_of_the_service(service: ContractServer) -> None:
    forecast = {"completion": "2026-01-20T15:13:00Z", "low": "2026-01-20T15:10:00Z", "high": "2026-01-20T15:20:00Z"}
    statuses = status(forecast=forecast), status(health="stalled"), status("completed", 100)
    service.misbehave += [answer(statuses[0]), NEWEST, stream(told(*statuses[1:]))]
    _, lines, _ = printed(service)
    assert [line.split("  ")[:3] for line in lines[:2]] == [
        ["training", "27 %", "about 12 min left"],
        ["training, stalled", "27 %", "unknown (stalled)"],
    ]


def test_a_run_that_has_ended_is_told_at_once(service: ContractServer) -> None:
    service.misbehave += [answer(status("failed", failure_reason="error")), NEWEST]
    exit_status, lines, _ = printed(service)
    assert exit_status == 1
    assert len(lines) == 1
    assert lines[0].startswith("failed: error  27 %")


def test_it_waits_for_a_run_and_for_the_service(service: ContractServer) -> None:
    service.misbehave += [say(500, "Database operation failed"), NO_RUN, NO_RUN, answer(status("completed")), NEWEST]
    exit_status, lines, _ = printed(service)
    assert exit_status == 0
    assert lines[:2] == [
        "reconnecting: Database operation failed",
        "waiting: No training log found for domain 'medical'",
    ]
    assert len(lines) == 3


def test_a_proxy_that_answers_instead_is_waited_for(service: ContractServer) -> None:
    sign_in = send(403, b"<html>", "text/html")
    service.misbehave += [sign_in, answer({"portal": True}), answer(status()), NEWEST, sign_in]
    service.misbehave.append(stream(told(status("completed", 100))))
    exit_status, lines, complaint = printed(service)
    assert (exit_status, complaint) == (0, "")
    assert lines[0] == "reconnecting: The service answered 403 Forbidden."
    assert lines[-1].startswith("completed")


def test_an_interruption_is_said(service: ContractServer) -> None:
    service.misbehave += [
        answer(status()),
        NEWEST,
        stream(told(status(progress=30))),
        say(503, "The service is starting."),
        stream(told(status(progress=31), status("completed"))),
    ]
    exit_status, lines, _ = printed(service)
    assert exit_status == 0
    assert [line.partition("last update just now, ")[2] for line in lines] == [
        "",
        "",
        "reconnecting: the service has ended the stream",
        "reconnecting: The service is starting.",
        "",
        "",
    ]


@pytest.mark.parametrize("first", [[], [answer(status()), NEWEST]], ids=["at the start", "later"])
def test_a_refusal_ends_it(service: ContractServer, first: list[Callable[..., bool]]) -> None:
    service.misbehave += [*first, say(401, "The request has no valid token.")]
    exit_status, _, complaint = printed(service)
    assert (exit_status, complaint) == (2, "aegis-tracker: The request has no valid token.\n")


def test_on_a_terminal_the_time_counts_down_and_ctrl_c_ends_it(service: ContractServer) -> None:
    """While the stream is silent: the picture is drawn again, and the interrupt is heard at once."""
    left = status(estimated_completion="2026-01-20T15:01:54Z")  # 54 s from the moment of the status
    service.misbehave += [answer(left), NEWEST, stream(told(left), end="held")]
    ours, theirs = pty.openpty()
    with watching(service.url, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        read_until(ours, lambda shown: b"trial 5" in shown and b"about 1 min left" in shown)
        read_until(ours, lambda shown: b"less than a minute left" in shown)
        process.send_signal(signal.SIGINT)
        read_until(ours, lambda shown: b"\x1b[?25h" in shown)  # the cursor is back
        assert process.wait(LIMIT_S) == 130
    os.close(ours)
    service.await_(lambda: service.left[STREAM] == 1)


def read_until(terminal: int, is_there: Callable[[bytes], bool]) -> None:
    """Return when what the terminal has shown has it."""
    shown, deadline = b"", time.monotonic() + LIMIT_S
    while not is_there(shown):
        assert time.monotonic() < deadline, shown[-2000:]
        if select.select([terminal], [], [], 1)[0]:
            shown += os.read(terminal, 65536)
