"""Events as tests send them, and what is stored of them."""

from collections.abc import Callable
from typing import Any

import httpx

from tests.support.runs import Run, log

Start = Callable[..., Run]
KIB = 1024
NOT_STORED = (0, "pending")


def stored(run: Run) -> tuple[int, str]:
    """What an all-or-nothing refusal must leave as it was: the number of entries and the status."""
    return run.log()["total_logs"], run.status()["status"]


def post_text(run: Run, text: str | bytes) -> httpx.Response:
    return run.client.post(f"{run.path}/events", content=text, headers={"Content-Type": "application/json"})


def events_named(*numbers: int) -> list[dict[str, Any]]:
    return [{"n": n, **log(f"event {n}")} for n in numbers]


def messages(run: Run) -> list[str]:
    return [entry["message"] for entry in run.entries()]
