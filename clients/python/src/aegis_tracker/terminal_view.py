"""A run on a terminal: the seven phases, the percentage, the time left. Drawn by rich, the extra `show`."""

import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from aegis_tracker.number_text import metric_text
from aegis_tracker.run_text import elapsed_text, state_class, state_text, step_percent, time_left_text
from aegis_tracker.visible_text import one_line

Status = dict[str, Any]

REFRESHES_A_SECOND = 4
BAR_WIDTH = 28
METRICS_SHOWN = 6

_MARKS = {
    "completed": Text("✓", "green"),
    "in_progress": Text("▶", "cyan"),
    "failed": Text("✗", "red"),
    "pending": Text("·", "dim"),
}
_STATES = {
    "completed": "green",
    "training": "cyan",
    "stalled": "yellow",
    "hanging": "yellow",
    "failed": "red",
    "lost": "red",
    "cancelled": "dim",
    "pending": "dim",
}


def clock_of_machine() -> datetime:
    """The time by this machine's clock."""
    return datetime.now(UTC)


class LiveView:
    """Draws what `status` gives, a few times a second, in a thread of its own, until `stop`.

    Times count from `now`, which gives the time by the clock that the status is of.
    What the program prints meanwhile appears above. Where `console` is no terminal, only the last
    state is printed.
    """

    def __init__(
        self,
        status: Callable[[], Status],
        console: Console | None = None,
        now: Callable[[], datetime] = clock_of_machine,
    ) -> None:
        self._live = Live(
            get_renderable=lambda: render(status(), now()),
            # Bound to the stream of now: what a training puts in its place later may print through us.
            console=console or Console(file=sys.stderr),
            refresh_per_second=REFRESHES_A_SECOND,
        )
        self._stopping = threading.Lock()

    def start(self) -> None:
        """Begin to draw."""
        self._live.start(refresh=True)

    def stop(self) -> None:
        """Draw once more and leave that standing. A second call does nothing."""
        with self._stopping:
            self._live.stop()


def render(status: Status, now: datetime) -> RenderableType:
    """A status object as a panel. Its texts are shown as they are, never as markup."""
    rows = Table.grid(padding=(0, 1))
    for step in status["steps"]:
        rows.add_row(
            _MARKS.get(step["status"], _MARKS["pending"]),
            Text(display_name(step["name"]), "bold" if step["status"] == "in_progress" else ""),
            ProgressBar(total=100, completed=step["progress"], width=BAR_WIDTH),
            Text(f"{step_percent(step):>3} %"),
        )
    parts: list[RenderableType] = [headline(status, now), rows]
    if status["message"] and status["status"] == "training":
        parts.append(Text(one_line(status["message"]), "dim", no_wrap=True, overflow="ellipsis"))
    if status["error_message"]:
        parts.append(Text(one_line(status["error_message"]), "red", no_wrap=True, overflow="ellipsis"))
    if status["metrics"]:
        parts.append(metrics_line(status["metrics"]))
    return Panel(Group(*parts), title=Text(one_line(status["domain_name"])), title_align="left", expand=False)


def headline(status: Status, now: datetime) -> Text:
    """The state, the percentage, and the time left or taken."""
    text = Text(one_line(state_text(status)), _STATES.get(state_class(status), ""))
    text.append(f"  {status['progress']} %", "bold")
    time = time_left_text(status, now) or elapsed_text(status, now)
    if time:
        text.append(f"  {one_line(time)}")
    return text


def metrics_line(metrics: dict[str, Any]) -> Text:
    """The first few metrics by name."""
    shown = sorted(metrics.items())[:METRICS_SHOWN]
    line = "  ".join(f"{display_name(name)} {one_line(metric_text(value))}" for name, value in shown)
    return Text(line, no_wrap=True, overflow="ellipsis")


def display_name(name: str) -> str:
    """`entity_f1` as `entity f1`."""
    return one_line(name).replace("_", " ")
