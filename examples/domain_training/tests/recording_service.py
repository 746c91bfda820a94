"""A service that takes what reporters send, as the HTTP contract says, and remembers it."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from finding_rules import FindingRules, Refused


class RecordingService(ThreadingHTTPServer):
    """Listens on a free port. `cancel_after` events it asks the reporter to stop."""

    daemon_threads = True

    def __init__(self, cancel_after: int | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.start_event: dict[str, Any] = {}
        self.events: list[dict[str, Any]] = []
        self.cancel_after = cancel_after
        self.findings = FindingRules()
        self.refused: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def accept(self, body: dict[str, Any]) -> dict[str, Any]:
        """Take a request's body and say what the contract says. Raises Refused."""
        new = [event for event in body.get("events", []) if event["n"] > len(self.events)]
        self.findings.take_all(new)
        self.events += new
        if "id" in body:
            self.start_event = body
        return {
            "training_run_id": self.start_event.get("id"),
            "accepted": len(new),
            "duplicates": len(body.get("events", [])) - len(new),
            "last_n": len(self.events),
            "status": "training",
            "cancel_requested": self.cancel_after is not None and len(self.events) >= self.cancel_after,
        }

    def fractions_by_phase(self) -> dict[str, list[float]]:
        """The fractions reported in each phase, in order."""
        fractions: dict[str, list[float]] = {}
        for event in self.events:
            if event["type"] == "phase":
                current = fractions.setdefault(event["phase"], [])
            elif event["type"] == "progress":
                current.append(event["fraction"])
        return fractions

    def log_entries(self) -> list[dict[str, Any]]:
        """The events that become log entries."""
        return [
            event
            for event in self.events
            if event["type"] in ("phase", "log", "fail")
            or (event["type"] == "progress" and (event.get("message") or event.get("metrics")))
        ]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: RecordingService

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}")
        status, kind = 201 if "id" in body else 200, "application/json"
        try:
            said = self.server.accept(body)
        except Refused as refused:
            self.server.refused.append(refused.detail)
            status, kind = refused.status, "application/problem+json"
            said = {"type": "about:blank", "title": "Refused", "status": status, "detail": refused.detail}
            said |= {"code": refused.code, "errors": [{"field": refused.field, "detail": refused.detail}]}
        answer = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        """Requests are looked at, not logged."""


@contextmanager
def recording_service(cancel_after: int | None = None) -> Iterator[RecordingService]:
    """A listening service; closed on leaving."""
    service = RecordingService(cancel_after)
    thread = threading.Thread(target=service.serve_forever, daemon=True)
    thread.start()
    try:
        yield service
        assert service.refused == []
    finally:
        service.shutdown()
        service.server_close()
        thread.join()
