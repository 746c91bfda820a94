"""A run on a terminal: the seven phases, the percentage, the time left. Drawn by rich, the extra `show`."""

import sys
import threading
from collections.abc import Callable
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from aegis_tracker.number_text import metric_text
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
_STATES = {"completed": "green", "training": "cyan", "failed": "red", "pending": "dim"}


class LiveView:
    """Draws what `status` gives, a few times a second, in a thread of its own, until `stop`.

    What the program prints meanwhile appears above. Where `console` is no terminal, only the last
    state is printed.
    """

    def __init__(self, status: Callable[[], Status], console: Console | None = None) -> None:
        self._live = Live(
            get_renderable=lambda: render(status()),
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


def render(status: Status) -> RenderableType:
    """A status object as a panel. Its texts are shown as they are, never as markup."""
    rows = Table.grid(padding=(0, 1))
    for step in status["steps"]:
        rows.add_row(
            _MARKS.get(step["status"], _MARKS["pending"]),
            Text(words(step["name"]), "bold" if step["status"] == "in_progress" else ""),
            ProgressBar(total=100, completed=step["progress"], width=BAR_WIDTH),
            Text(f"{_step_percent(step):>3} %"),
        )
    parts: list[RenderableType] = [headline(status), rows]
    if status["message"] and status["status"] == "training":
        parts.append(Text(one_line(status["message"]), "dim", no_wrap=True, overflow="ellipsis"))
    if status["error_message"]:
        parts.append(Text(one_line(status["error_message"]), "red", no_wrap=True, overflow="ellipsis"))
    if status["metrics"]:
        parts.append(metrics_line(status["metrics"]))
    return Panel(Group(*parts), title=Text(one_line(status["domain_name"])), title_align="left", expand=False)


def headline(status: Status) -> Text:
    """State, percentage, and time left or taken, in words."""
    state = status["status"]
    qualifier = status["failure_reason"] or (status["health"] if status["health"] not in (None, "ok") else None)
    text = Text(one_line(f"{state} ({qualifier})" if qualifier else state), _STATES.get(state, ""))
    text.append(f"  {status['progress']} %", "bold")
    if state == "training":
        left = status["seconds_left"]
        text.append(f"  {_time_left(left)}")
    elif status["elapsed_time_ms"]:
        text.append(f"  after {duration(status['elapsed_time_ms'] / 1000)}")
    return text


def _time_left(seconds: float | None) -> str:
    if seconds is None:
        return "estimating…"
    return f"about {duration(seconds)} left" if seconds > 0 else "taking longer than usual"


def _step_percent(step: dict[str, Any]) -> int:
    """99 at most until the phase is completed."""
    progress: int = step["progress"]
    return progress if step["status"] == "completed" else min(progress, 99)


def metrics_line(metrics: dict[str, Any]) -> Text:
    """The first few metrics by name."""
    shown = sorted(metrics.items())[:METRICS_SHOWN]
    line = "  ".join(f"{words(name)} {one_line(metric_text(value))}" for name, value in shown)
    return Text(line, no_wrap=True, overflow="ellipsis")


def duration(seconds: float) -> str:
    """`40 s`, `5 min`, `3 h`, `2 d`: never 0."""
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{round(seconds / size)} {unit}"
    return f"{max(1, round(seconds))} s"


def words(name: str) -> str:
    """`entity_f1` as `entity f1`."""
    return one_line(name).replace("_", " ")
