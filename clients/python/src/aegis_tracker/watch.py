"""`aegis-tracker watch DOMAIN`: how a domain's training is going, on a terminal or a line a change in a pipe."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import quote

from rich.console import Console

from aegis_tracker.terminal_view import LiveView, headline, one_line, words
from aegis_tracker.transport import Answer, Transport, UnreachableError

Status = dict[str, Any]

LOOK_EVERY_S = 1.0
COMPLETED, FAILED, REFUSED = 0, 1, 2


class WatchError(Exception):
    """The service refuses to tell; the text is its sentence."""


class Watch:
    """Asks for the status of a domain's latest run once a second, and goes on through interruptions."""

    def __init__(self, transport: Transport, domain: str, clock: Callable[[], float] = time.time) -> None:
        self._transport = transport
        self._path = f"/api/v1/admin/domains/{quote(domain, safe='')}/training-status"
        self._clock = clock
        self._heard_at: float | None = None
        self.status: Status | None = None
        self.trouble: str | None = None

    def look(self) -> None:
        """Ask once. Raises WatchError when asking again cannot help."""
        try:
            answer = self._transport.get(self._path)
        except UnreachableError as error:
            self.trouble = f"reconnecting: {error}"
            return
        if answer.status == 200 and isinstance(answer.body.get("steps"), list):
            self.status, self.trouble, self._heard_at = answer.body, None, self._clock()
        elif answer.status == 404 and answer.body.get("code") == "no_training":
            self.status, self.trouble = None, f"waiting: {_detail(answer)}"
        elif answer.status in (401, 403, 404):
            raise WatchError(_detail(answer))
        else:
            self.trouble = f"reconnecting: {_detail(answer)}"

    def shown(self) -> Status | None:
        """The last status, with the time left counted down to now and any trouble as its message."""
        if self.status is None:
            return None
        completion = self.status["estimated_completion"]
        left = None if completion is None else datetime.fromisoformat(completion).timestamp() - self._clock()
        shown = {**self.status, "seconds_left": left}
        if self.trouble and self._heard_at is not None:
            ago = self._clock() - self._heard_at
            shown["message"] = f"last update {ago:.0f} s ago, {self.trouble}"
        return shown

    @property
    def exit_status(self) -> int | None:
        """0 once the run has completed, 1 once it has failed, None while it goes on."""
        ends = {"completed": COMPLETED, "failed": FAILED}
        return None if self.status is None else ends.get(self.status["status"])


def watch(transport: Transport, domain: str, console: Console) -> int:
    """Show the run until it ends; the exit status. Raises WatchError."""
    watched = Watch(transport, domain)
    watched.look()
    while watched.status is None:
        console.print(watched.trouble or "waiting", markup=False, highlight=False)
        _wait_for_status(watched)
    return _draw(watched, console) if console.is_terminal else _print_changes(watched, console)


def _wait_for_status(watched: Watch) -> None:
    trouble = watched.trouble
    while watched.status is None and watched.trouble == trouble:
        time.sleep(LOOK_EVERY_S)
        watched.look()


def _draw(watched: Watch, console: Console) -> int:
    view = LiveView(lambda: watched.shown() or {}, console)
    view.start()
    try:
        while watched.exit_status is None:
            time.sleep(LOOK_EVERY_S)
            watched.look()
    finally:
        view.stop()
    return watched.exit_status or COMPLETED


def _print_changes(watched: Watch, console: Console) -> int:
    """A line whenever state, percentage, phase or message has changed."""
    last: tuple[Any, ...] = ()
    while True:
        status = watched.shown()
        if status is not None:
            now = status["status"], status["progress"], status["current_step"], status["message"]
            if now != last:
                message = f"  {one_line(status['message'])}" if status["message"] else ""
                line = f"{headline(status).plain}  {words(status['current_step'])}{message}"
                console.print(line, markup=False, highlight=False, soft_wrap=True)
                last = now
        if watched.exit_status is not None:
            return watched.exit_status
        time.sleep(LOOK_EVERY_S)
        watched.look()


def _detail(answer: Answer) -> str:
    detail = answer.body.get("detail")
    return one_line(detail) if isinstance(detail, str) else f"the service answered {answer.status}"
