"""A small service that keeps the contract's exactly-once rule, and can be told to misbehave.

It speaks real HTTP on loopback. What it stores it stores like the service: a repeated number is a
duplicate, a gap is 409 with `expected_n`, one source counts, all or nothing per batch; any report brings a
lost run back. Readers are answered with what `misbehave` holds; where it is empty they are told a run's status.
"""

import json
import ssl
import threading
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from support.finding_rules import FINDINGS, FindingRules, Refused

WAIT_S = 30.0  # far more than anything waited for takes
ENDS = ("complete", "fail")
LONG_AGO = {"last_report_at": "2020-01-01T00:00:00Z"}  # for `Run.told`: its process is silent
STATUS = {  # as readers are told it, with no more than they need
    "domain_name": "medical",
    "training_run_id": "0b9c7c9e-1111-4222-8333-444455556666",
    "run_number": 3,
    "status": "training",
    "progress": 27,
    "current_step": "loading_data",
    "steps": [{"name": "loading_data", "status": "in_progress", "progress": 50}],
    "message": None,
    "metrics": {"f1": 0.5, "seen": 10**30, "model": "a", "best": True, "worst": None},
    "estimated_completion": "2026-01-20T15:05:00Z",
    "elapsed_time_ms": 60_000,
    "health": "a word of a later service",
    "failure_reason": None,
    "error_message": None,
}


def says_lost(events: list[dict[str, Any]]) -> bool:
    """Whether they end with somebody's word that the training's process is gone."""
    return bool(events) and events[-1]["type"] == "fail" and events[-1].get("reason") == "lost"


@dataclass
class Run:
    domain: str
    start: dict[str, Any]
    source: str | None = None
    events: list[dict[str, Any]] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)
    heartbeats: int = 0
    duplicates: int = 0
    lost: bool = False  # provisionally, until it is heard of again
    heard_at: str = ""
    findings: FindingRules = field(default_factory=FindingRules)
    told: dict[str, Any] = field(default_factory=dict)  # to readers, instead of what is so: to save a test the wait

    @property
    def ended(self) -> bool:
        """Whether its reporter has ended it, for good."""
        return bool(self.events) and self.events[-1]["type"] in ENDS and not says_lost(self.events)

    @property
    def is_over(self) -> bool:
        """Whether it has ended, or was given up."""
        return self.ended or self.lost

    @property
    def status(self) -> str:
        if not self.events:
            return "pending"
        completed = self.events[-1]["type"] == "complete"
        return "completed" if completed else "failed" if self.ended or self.lost else "training"

    def heard(self) -> None:
        """A start, events or a heartbeat: it is alive."""
        self.heard_at = datetime.now(UTC).isoformat(timespec="seconds").removesuffix("+00:00") + "Z"
        self.lost = False

    def texts(self) -> list[str]:
        return [event.get("message", "") for event in self.events]

    def of_type(self, *kinds: str) -> list[dict[str, Any]]:
        """Its events of these types, without number and time."""
        found = [event for event in self.events if event["type"] in kinds]
        return [{name: value for name, value in event.items() if name not in ("n", "timestamp")} for event in found]


Reply = tuple[int, dict[str, Any], dict[str, str]]


class ContractServer:
    """`misbehave` holds what to do with the next requests, instead of answering properly."""

    def __init__(self, token: str, port: int = 0, *, tls: ssl.SSLContext | None = None) -> None:
        self.token = token
        self.domains = {"medical"}
        self.runs: dict[str, Run] = {}
        self.requests: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.left: Counter[str] = Counter()
        self.misbehave: deque[Callable[[Handler], bool]] = deque()
        self.cancel_requested = False
        self.budget: str | None = None
        self.knows_findings = True  # False: of a version before candidates, evaluations and usage
        self.changed = threading.Condition()
        outer = self

        class Bound(Handler):
            service = outer

        ThreadingHTTPServer.allow_reuse_address = True
        self._server = ThreadingHTTPServer(("127.0.0.1", port), Bound)
        self._server.daemon_threads = True
        self._scheme = "http" if tls is None else "https"
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def port(self) -> int:
        return self._server.server_address[1]

    @property
    def url(self) -> str:
        return f"{self._scheme}://{'127.0.0.1' if self._scheme == 'http' else 'localhost'}:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def await_(self, condition: Callable[[], object]) -> None:
        """Wait until `condition` holds; it is looked at after every request."""
        with self.changed:
            assert self.changed.wait_for(condition, WAIT_S), f"not within {WAIT_S} s; seen: {self.requests[-5:]}"

    @property
    def run(self) -> Run:
        """The only run."""
        (run,) = self.runs.values()
        return run

    def ended(self) -> bool:
        return bool(self.runs) and all(run.ended for run in self.runs.values())

    def answer(self, path: str, body: dict[str, Any], authorization: str) -> Reply:
        if authorization != f"Bearer {self.token}":
            return problem(401, "Invalid token.")
        parts = path.removeprefix("/api/v1/admin").strip("/").split("/")
        if parts[0] == "domains":
            return self._start(parts[1], body)
        run = self.runs.get(parts[1])
        if run is None:
            return problem(404, "No such run.")
        if parts[2] == "heartbeat":
            run.heartbeats += 1
            run.heard()
            return self._accepted(run, 0, 0)
        return self._events(run, body)

    def _start(self, domain: str, body: dict[str, Any]) -> Reply:
        if domain not in self.domains:
            return problem(404, f"No domain '{domain}'.")
        known = body["id"] in self.runs
        self.runs.setdefault(body["id"], Run(domain, body)).heard()
        return (200 if known else 201), self._status(body["id"]), {}

    def answer_reader(self, path: str) -> Reply:
        kind, _, run_id = path.removeprefix("/api/v1/admin/").partition("/")
        if kind != "training-runs" or "/" in run_id:
            return problem(500, "Nobody told me what to say.")
        if run_id not in self.runs:
            return problem(404, "No such run.")
        return 200, self._status(run_id) | self.runs[run_id].told, {}

    def _status(self, run_id: str) -> dict[str, Any]:
        run = self.runs[run_id]
        failed = run.status == "failed"
        return {
            "training_run_id": run_id,
            "status": run.status,
            "failure_reason": ("lost" if run.lost else "error") if failed else None,
            "last_report_at": run.heard_at,
            "cancel_requested": self.cancel_requested,
        }

    def _events(self, run: Run, body: dict[str, Any]) -> Reply:
        events, last_n = body["events"], len(run.events)
        if len(events) > 1000 or len(json.dumps(body).encode()) > 4 * 1024 * 1024:
            return problem(413, "Too large.")
        for event in events:
            for name, limit in (
                ("message", 65536),
                ("metrics", 16384),
                ("result", 1048576),
                ("error", 65536),
            ):
                text = event.get(name, "")
                text = text if isinstance(text, str) else json.dumps(text, ensure_ascii=False)
                if len(text.encode()) > limit:
                    return problem(422, f"{name} is too large.")
        if run.source not in (None, body["source"]) and events and events[0]["n"] <= last_n:
            return problem(409, "Somebody else reports this run.", code="other_reporter")
        if events and events[0]["n"] > last_n + 1:
            return problem(409, "Events are missing.", code="gap", expected_n=last_n + 1)
        new = [event for event in events if event["n"] > last_n]
        if run.ended and new:
            return problem(409, "The run has ended.", code="finished")
        assert [event["n"] for event in events] == list(range(events[0]["n"], events[-1]["n"] + 1))
        if any(event["type"] in ENDS for event in events[:-1]):
            return problem(422, "Events follow an end.")
        if (refusal := self._refusal_of_findings(run, events, new)) is not None:
            return refusal
        if new or not says_lost(events):  # sent again, such an end brings nothing back
            run.heard()
        run.source = body["source"]
        run.events += new
        run.lost = run.lost or (bool(new) and says_lost(new))
        run.batches.append(len(events))
        run.duplicates += len(events) - len(new)
        return self._accepted(run, len(new), len(events) - len(new))

    def _refusal_of_findings(self, run: Run, events: list[dict[str, Any]], new: list[dict[str, Any]]) -> Reply | None:
        if not self.knows_findings:
            for place, event in enumerate(events):
                if event["type"] in FINDINGS:
                    name = f"events[{place}].type"
                    detail = f"{name} is not valid: invalid value {event['type']!r}."
                    return problem(422, detail, code="invalid_input", errors=[{"field": name, "detail": detail}])
        try:
            run.findings.take_all(new)
        except Refused as refused:
            errors = [{"field": refused.field, "detail": refused.detail}] if refused.field else []
            return problem(refused.status, refused.detail, code=refused.code, errors=errors)
        return None

    def _accepted(self, run: Run, accepted: int, duplicates: int) -> Reply:
        answer = {"accepted": accepted, "duplicates": duplicates, "last_n": len(run.events), "status": run.status}
        return 200, answer | {"cancel_requested": self.cancel_requested, "budget": self.budget}, {}


def free_port() -> int:
    """A port on which nobody listens now. A server may be started there later."""
    with ContractServer("") as reserved:
        return reserved.port


class Handler(BaseHTTPRequestHandler):
    service: ContractServer
    protocol_version = "HTTP/1.1"
    body: dict[str, Any]

    def do_POST(self) -> None:
        self.body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        service = self.service
        with service.changed:
            service.requests.append(self.path)
            if not (service.misbehave and service.misbehave.popleft()(self)):
                self.reply(*self.answer())
            service.changed.notify_all()

    def do_GET(self) -> None:
        service = self.service
        with service.changed:
            service.requests.append(self.path)
            service.headers.append(dict(self.headers.items()))
            act = service.misbehave.popleft() if service.misbehave else tell(service.answer_reader(self.path))
            service.changed.notify_all()
        act(self)

    def answer(self) -> Reply:
        return self.service.answer(self.path, self.body, self.headers["Authorization"] or "")

    def reply(self, status: int, body: dict[str, Any], headers: dict[str, str]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: the tests look at what was stored."""


def problem(status: int, detail: str, **more: object) -> Reply:
    """A problem document as the service writes it."""
    title = HTTPStatus(status).phrase
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, "code": "a_word"}
    return status, body | more, {"Content-Type": "application/problem+json"}


def well(_: Handler) -> bool:
    """Answer properly."""
    return False


def lose_the_answer(handler: Handler) -> bool:
    """Store what was sent, then close the connection without a word."""
    handler.answer()
    handler.close_connection = True
    return True


def say(status: int, detail: str = "This is why.", headers: dict[str, str] | None = None, **more: object) -> Any:
    """Answer this instead, and store nothing."""

    def misbehave(handler: Handler) -> bool:
        code, body, content_type = problem(status, detail, **more)
        handler.reply(code, body, content_type | (headers or {}))
        return True

    return misbehave


def tell(reply: Reply) -> Any:
    """Answer this, as it would be answered now."""

    def act(handler: Handler) -> bool:
        handler.reply(*reply)
        return True

    return act


def send(status: int, body: bytes, content_type: str, headers: dict[str, str] | None = None) -> Any:
    """Answer this, whatever was asked."""

    def act(handler: Handler) -> bool:
        handler.send_response(status)
        for name, value in {"Content-Type": content_type, **(headers or {})}.items():
            if value:
                handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)
        return True

    return act


def like_a_proxy(status: int, headers: dict[str, str] | None = None) -> dict[str, Any]:
    """What else than the service may answer with this status, by name."""
    service_s = problem(status, "Not the service.")[1] if status in HTTPStatus._value2member_map_ else {}
    json_type, problem_type = "application/json", "application/problem+json"

    def body(**changes: object) -> bytes:
        kept = {name: value for name, value in (service_s | changes).items() if value is not None}
        return json.dumps(kept).encode()

    kinds = {
        "html": (b"<html><h1>Not the service</h1></html>", "text/html; charset=utf-8"),
        "text": (b"default backend - not the service", "text/plain"),
        "json": (b'{"message": "no Route matched with those values"}', json_type),
        "nothing": (b"", ""),
        "the service's body in another type": (body(), json_type),
        "another problem": (body(code=None, instance="/x"), problem_type),
        "a problem with a number as its code": (body(code=4711), problem_type),
        "a problem of another type": (body(type="https://proxy.example.org/errors/denied"), problem_type),
        "a problem without a detail": (body(detail=""), problem_type),
        "a problem of another status": (body(status=status + 1), problem_type),
        "a problem with its status as text": (body(status=str(status)), problem_type),
        "a problem that is a list": (b"[" + body() + b"]", problem_type),
        "a problem cut short": (body()[:-5], problem_type),
    }
    return {name: send(status, data, kind, headers) for name, (data, kind) in kinds.items()}


def raw(answer: bytes) -> Any:
    """Answer with these bytes, and close the connection."""

    def act(handler: Handler) -> bool:
        handler.wfile.write(answer)
        handler.close_connection = True
        return True

    return act


def no_content(handler: Handler) -> bool:
    """Answer 204."""
    handler.send_response(204)
    handler.end_headers()
    return True


def stream(*pieces: str, end: str = "ended") -> Any:
    """Open a stream and say these pieces. Then it is `ended`, `cut` off, or `held` until the other side leaves it."""

    def act(handler: Handler) -> bool:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream; charset=utf-8")
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for piece in pieces:
            data = piece.encode()
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        handler.close_connection = True
        if end == "ended":
            handler.wfile.write(b"0\r\n\r\n")
        if end == "held":
            with suppress(ConnectionError):  # they left without having read everything
                assert handler.rfile.read(1) == b""
            with handler.service.changed:
                handler.service.left[handler.path] += 1
                handler.service.changed.notify_all()
        return True

    return act
