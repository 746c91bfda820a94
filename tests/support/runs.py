"""A run under test, and the events that its reporter sends."""

import uuid
from datetime import UTC, datetime
from typing import Any

import httpx

from tests.support.answers import ok

AN_ID = "6f9619ff-8b86-4011-b42d-00c04fc964ff"

PHASES = {
    "initialization": (0, 5),
    "loading_data": (5, 10),
    "entity_extraction_optimization": (10, 45),
    "relation_extraction_optimization": (45, 80),
    "prompt_extraction": (80, 85),
    "model_validation": (85, 95),
    "saving_results": (95, 100),
}
ENTITY = "entity_extraction_optimization"
RELATION = "relation_extraction_optimization"


class Run:
    """A run under test, and the reporter that counts its events."""

    def __init__(self, client: httpx.Client, domain: str, **start: Any) -> None:
        self.client, self.domain = client, domain
        answer = client.post(f"/domains/{domain}/training-runs", json=start)
        assert answer.status_code == 201, answer.text
        self.started: dict[str, Any] = answer.json()
        self.id: str = self.started["training_run_id"]
        self.number: int = self.started["run_number"]
        self.n = 0

    @property
    def path(self) -> str:
        return f"/training-runs/{self.id}"

    def post(self, *events: dict[str, Any], **batch: Any) -> httpx.Response:
        """Send the events as they are, each with the `n` that it has."""
        return self.client.post(f"{self.path}/events", json={"events": list(events), **batch})

    def send(self, *events: dict[str, Any], **batch: Any) -> dict[str, Any]:
        """Number the events on from the last one; they must all be accepted."""
        numbered = [{"n": self.n + i, **event} for i, event in enumerate(events, 1)]
        receipt = ok(self.post(*numbered, **batch))
        self.n += len(events)
        assert (receipt["accepted"], receipt["duplicates"], receipt["last_n"]) == (len(events), 0, self.n)
        return receipt

    def status(self) -> dict[str, Any]:
        return ok(self.client.get(f"/domains/{self.domain}/training-status", params={"run": self.number}))

    def log(self, **parameters: Any) -> dict[str, Any]:
        return ok(self.client.get(f"/domains/{self.domain}/training-logs", params={"run": self.number, **parameters}))

    def entries(self) -> list[dict[str, Any]]:
        """The first hundred entries, oldest first."""
        return self.log(order="asc", page_size=100)["logs"]  # type: ignore[no-any-return]

    def heartbeat(self) -> dict[str, Any]:
        return ok(self.client.post(f"{self.path}/heartbeat"))

    def cancel(self) -> httpx.Response:
        return self.client.post(f"{self.path}/cancel")


def phase(name: str, **more: Any) -> dict[str, Any]:
    return {"type": "phase", "phase": name, **more}


def progress(fraction: Any, **more: Any) -> dict[str, Any]:
    return {"type": "progress", "fraction": fraction, **more}


def log(message: Any = "a line", level: Any = "INFO", **more: Any) -> dict[str, Any]:
    return {"type": "log", "level": level, "message": message, **more}


def complete(**more: Any) -> dict[str, Any]:
    return {"type": "complete", **more}


def fail(error: Any = "it broke", **more: Any) -> dict[str, Any]:
    return {"type": "fail", "error": error, **more}


def new_id() -> str:
    return str(uuid.uuid4())


def now() -> datetime:
    return datetime.now(UTC)


def iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
