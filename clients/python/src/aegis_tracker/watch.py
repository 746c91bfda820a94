"""`aegis-tracker watch DOMAIN`: how a domain's training is going, on a terminal or a line a change in a pipe."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from rich.console import Console

from aegis_tracker.client import Client
from aegis_tracker.contract_types import TrainingEvent, TrainingStatus
from aegis_tracker.event_watch import Trouble
from aegis_tracker.run_text import age_text, state_text
from aegis_tracker.service_error import ServiceError
from aegis_tracker.terminal_view import LiveView, display_name, headline
from aegis_tracker.transport import UnreachableError
from aegis_tracker.visible_text import one_line

Status = dict[str, Any]

LOOK_EVERY_S = 1.0
COMPLETED, FAILED, REFUSED = 0, 1, 2


class WatchError(Exception):
    """The service refused the request. The text is its error message."""


class Watch:
    """The status of a domain's latest run: asked for until there is one, and then followed live.

    `on_change` is called with each status and with each interruption, which `follow` goes on through.
    """

    def __init__(self, client: Client, domain: str, clock: Callable[[], float] = time.time) -> None:
        self._client = client
        self._domain = domain
        self._clock = clock
        self._heard_at = 0.0
        self._ahead = timedelta(0)  # of the service's clock, compared with ours
        self._cursor: str | None = None
        self.on_change: Callable[[], object] = lambda: None
        self.status: TrainingStatus | None = None
        self.trouble: str | None = None

    def look(self) -> None:
        """Ask once. Raises WatchError when asking again cannot help."""
        try:
            status = self._client.status(self._domain)
            newest = next(self._client.logs(self._domain, run=status["run_number"], newest_first=True), None)
        except (ServiceError, UnreachableError) as error:
            is_refused = isinstance(error, ServiceError) and error.is_from_service and error.status in (401, 403, 404)
            is_waiting = isinstance(error, ServiceError) and error.code in ("no_training", "domain_not_found")
            if is_refused and not is_waiting:
                raise WatchError(one_line(str(error))) from error
            self.trouble = f"{'waiting' if is_waiting else 'reconnecting'}: {one_line(str(error))}"
            return
        self._cursor = f"{status['run_number']}.{newest['seq'] if newest else 0}"  # the log before is not wanted
        self._take(status)
        self.trouble = None

    def follow(self) -> None:
        """Return when this very run has ended. Raises WatchError when the service refuses to go on."""
        self.on_change()
        if self.status is None or self.exit_status is not None:
            return
        with self._client.watch(
            self._domain,
            training_run_id=self.status["training_run_id"],
            last_event_id=self._cursor,
            on_trouble=self._on_trouble,
        ) as events:
            try:
                for event in events:
                    self.trouble = None
                    if (status := _status_of(event)) is not None:
                        self._take(status)
                        self.on_change()
                    if self.exit_status is not None:
                        return
            except ServiceError as error:
                raise WatchError(one_line(error.detail)) from error

    def shown(self) -> Status | None:
        """The last status, with any trouble as its message."""
        if self.status is None:
            return None
        if not self.trouble:
            return {**self.status}
        age = age_text(self._clock() - self._heard_at)
        return {**self.status, "message": f"last update {age}, {self.trouble}"}

    def now(self) -> datetime:
        """The time by the service's clock, as far as the last status tells."""
        return self._now_here() + self._ahead

    @property
    def exit_status(self) -> int | None:
        """0 once the run has completed, 1 once it has failed, None while it goes on."""
        ends = {"completed": COMPLETED, "failed": FAILED}
        return None if self.status is None else ends.get(self.status["status"])

    def _take(self, status: TrainingStatus) -> None:
        self.status = status
        started, elapsed_ms = status["started_at"], status["elapsed_time_ms"]
        if started is not None and elapsed_ms is not None and status["completed_at"] is None:
            computed_at = datetime.fromisoformat(started) + timedelta(milliseconds=elapsed_ms)
            self._ahead = computed_at - self._now_here()

    def _now_here(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)

    def _on_trouble(self, trouble: Trouble) -> None:
        if self.trouble is None:
            self._heard_at = self._clock()
        self.trouble = f"reconnecting: {one_line(str(trouble))}"
        self.on_change()


def watch(client: Client, domain: str, console: Console | None = None) -> int:
    """Show the run until it ends. Returns the exit status. Raises WatchError.

    Writes to `console`, by default to standard output.
    """
    console = console or Console()
    watched = Watch(client, domain)
    watched.look()
    while watched.status is None:
        console.print(watched.trouble or "waiting", markup=False, highlight=False)
        _wait_for_status(watched)
    if console.is_terminal:
        _draw(watched, console)
    else:
        _print_changes(watched, console)
    if watched.exit_status is None:
        raise WatchError("The stream ended before the run did.")
    return watched.exit_status


def _wait_for_status(watched: Watch) -> None:
    trouble = watched.trouble
    while watched.status is None and watched.trouble == trouble:
        time.sleep(LOOK_EVERY_S)
        watched.look()


def _draw(watched: Watch, console: Console) -> None:
    """A picture, whose time left counts down in the thread that draws it."""
    view = LiveView(lambda: watched.shown() or {}, console, watched.now)
    view.start()
    try:
        watched.follow()
    finally:
        view.stop()


def _print_changes(watched: Watch, console: Console) -> None:
    """A line whenever state, percentage, phase or message has changed."""
    last: tuple[Any, ...] = ()

    def print_change() -> None:
        nonlocal last
        status = watched.shown() or {}
        now = state_text(status), status["progress"], status["current_step"], status["message"]
        if now != last:
            message = f"  {one_line(status['message'])}" if status["message"] else ""
            line = f"{headline(status, watched.now()).plain}  {display_name(status['current_step'])}{message}"
            console.print(line, markup=False, highlight=False, soft_wrap=True)
            last = now

    watched.on_change = print_change
    watched.follow()


def _status_of(event: TrainingEvent) -> TrainingStatus | None:
    """The status, if the event has one."""
    return cast(dict[str, Any], event["data"]).get("status")
