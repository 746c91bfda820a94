"""A run on a terminal: what its own events say, how it is drawn, and that drawing never hurts."""

import os
import pty
import re
import select
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aegis_tracker import phases
from aegis_tracker.local_status import LocalStatus
from aegis_tracker.run_text import time_left_text
from aegis_tracker.terminal_view import render
from rich.console import Console

ENTITY = phases.ENTITY_EXTRACTION_OPTIMIZATION
LIMIT_S = 30


def following(*events: dict[str, Any]) -> LocalStatus:
    status = LocalStatus("medical")
    for event in events:
        status.apply(event)
    return status


def phase(name: str) -> dict[str, Any]:
    return {"type": "phase", "phase": name}


def progress(fraction: float, **more: Any) -> dict[str, Any]:
    return {"type": "progress", "fraction": fraction, **more}


def drawn(status: dict[str, Any], width: int = 100) -> str:
    console = Console(width=width, record=True, file=open(os.devnull, "w"))  # noqa: SIM115 (closed with the console's end)
    with console.file:
        console.print(render(status, datetime.now(UTC)))
        return console.export_text()


def test_before_the_first_event():
    shown = following().shown()
    assert (shown["status"], shown["progress"], shown["estimated_completion"]) == ("pending", 0, None)
    assert {step["status"] for step in shown["steps"]} == {"pending"}


def test_events_move_it_as_they_move_the_service():
    status = following(phase(ENTITY), progress(0.5, message="trial 5 of 10", metrics={"entity_f1": 0.71}))
    shown = status.shown()
    assert (shown["status"], shown["progress"], shown["current_step"]) == ("training", 27, ENTITY)
    assert [(step["status"], step["progress"]) for step in shown["steps"]] == [
        ("completed", 100),
        ("completed", 100),
        ("in_progress", 50),
        *[("pending", 0)] * 4,
    ]
    assert (shown["message"], shown["metrics"]) == ("trial 5 of 10", {"entity_f1": 0.71})


def test_nothing_goes_back():
    status = following(phase(ENTITY), progress(0.5), phase(phases.LOADING_DATA), progress(0.1))
    assert (status.shown()["progress"], status.shown()["current_step"]) == (27, ENTITY)


def test_the_time_left_is_the_pace_so_far(monkeypatch: pytest.MonkeyPatch):
    now = 1000.0
    monkeypatch.setattr(time, "time", lambda: now)
    status = following(phase(ENTITY))
    now = 1060.0
    status.apply(progress(1.0))
    completion = datetime.fromisoformat(status.shown()["estimated_completion"])
    assert completion.timestamp() == pytest.approx(1060 + 60 / 45 * 55)
    assert time_left_text(status.shown(), datetime.fromtimestamp(now, UTC)) == "about 1 min left"


def test_an_estimate_beyond_all_calendars_is_none(monkeypatch: pytest.MonkeyPatch):
    now = 1000.0
    monkeypatch.setattr(time, "time", lambda: now)
    status = following(progress(1e-300))
    now = 1060.0
    assert status.shown()["estimated_completion"] is None
    assert "estimating…" in drawn(status.shown())


@pytest.mark.parametrize(
    ("end", "words"),
    [
        ({"type": "complete", "metrics": {"entity_f1": 0.9}}, "completed"),
        ({"type": "fail", "error": "no memory"}, "failed: error"),
        ({"type": "fail", "error": "no memory", "reason": "lost"}, "failed: lost"),
    ],
)
def test_the_end_is_told(end: dict[str, Any], words: str):
    status = following(phase(ENTITY), progress(0.5), end)
    assert status.ended == (words != "failed: lost")  # which the next report takes back
    assert status.shown()["estimated_completion"] is None
    picture = drawn(status.shown())
    assert words in picture
    assert "total" in picture
    assert ("100 %" in picture) == (words == "completed") or "✓" in picture
    assert ("no memory" in picture) == (words != "completed")


def test_an_end_after_a_request_to_stop_is_a_cancellation_as_in_the_service():
    status = following(phase(ENTITY), progress(0.5))
    status.cancel_requested = True
    status.apply({"type": "fail", "error": "TrainingCancelled"})
    assert "failed: cancelled  27 %" in drawn(status.shown())


def test_a_phase_is_not_at_a_hundred_percent_before_it_is_completed():
    printed = drawn(following(phase(ENTITY), progress(0.999)).shown())
    assert re.search(r"entity extraction optimization.* 99 %", printed)


def test_the_picture_names_phases_percentage_time_and_metrics():
    status = following(
        phase(ENTITY), progress(0.5, message="trial 5 of 10", metrics={"entity_f1": 0.714, "loss": None})
    )
    picture = drawn(status.shown())
    for words in (
        "medical",
        "27 %",
        "left",
        "▶ entity extraction optimization",
        " 50 %",
        "trial 5 of 10",
        "entity f1 0.714",
        "loss –",
    ):
        assert words in picture


def test_texts_are_shown_as_they_are():
    status = following(
        progress(0.5, message="[bold]x[/bold] \x1b[31m\r\n[/nonsense]", metrics={"[red]f1": "\x1b]0;t\x07"})
    )
    picture = drawn(status.shown())
    assert "[bold]x[/bold]  [/nonsense]" in picture
    assert "\x1b" not in picture
    assert "[red]f1" in picture


def test_nothing_in_a_text_is_hidden_or_acts_on_the_terminal():
    status = following(
        progress(
            0.5,
            message="result: \u202eDELIAF \x1b]8;;http://x\x07here\x1b]8;;\x07",
            metrics={"\x1b_payload\x1b\\f1": "a\x1b]0;never ended", "g\u200b1": "\x9b31mred"},
        )
    )
    picture = drawn(status.shown())
    assert "result: <U+202E>DELIAF here" in picture
    assert "f1 a  g<U+200B>1 red" in picture


def test_a_narrow_terminal_does_not_break_it():
    status = following(progress(0.5, message="x" * 500, metrics={str(n): n for n in range(50)}))
    assert max(len(line) for line in drawn(status.shown(), width=40).splitlines()) <= 40


TRAINING = """
import contextlib, io, os, sys, time
from aegis_tracker import TrainingProgressTracker, phases
if "without-rich" in sys.argv:
    sys.modules["rich"] = sys.modules["rich.console"] = None
tracker = TrainingProgressTracker("medical", url="http://127.0.0.1:9", token="x", spool_dir=sys.argv[1])
tracker.show()
tracker.show()
tracker.enter_phase(phases.ENTITY_EXTRACTION_OPTIMIZATION)
tracker.update_progress(0.5, "half way")
print("printed meanwhile", flush=True)
class Forwarding(io.TextIOBase):
    def __init__(self, stream):
        self.stream = stream
    def write(self, text):
        return self.stream.write(text)
with contextlib.redirect_stderr(Forwarding(sys.stderr)):
    print("through a stream of the training's own", file=sys.stderr)
    tracker.update_progress(0.6)
    time.sleep(0.6 if "redirected" in sys.argv else 0)
if "fork" in sys.argv:
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
if "die" not in sys.argv:
    tracker.complete({"entity_f1": 0.9})
tracker.close(timeout=0)
"""


def on_a_terminal(spool: Path, *arguments: str) -> str:
    """What a training prints on a terminal of its own."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", TRAINING, spool, *arguments],
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
    ) as training:
        os.close(theirs)
        printed, deadline = b"", time.monotonic() + LIMIT_S
        while time.monotonic() < deadline and select.select([ours], [], [], LIMIT_S)[0]:
            try:
                part = os.read(ours, 65536)
            except OSError:  # Linux's way of saying that nobody has the other side any more
                break
            printed += part
        os.close(ours)
        if training.poll() is None and time.monotonic() >= deadline:
            training.kill()
        assert training.wait(LIMIT_S) == 0, printed[-2000:]
    return printed.decode()


def test_show_draws_and_leaves_the_last_state_standing(tmp_path: Path):
    printed = on_a_terminal(tmp_path)
    assert "half way" in printed or "completed" in printed
    assert "printed meanwhile" in printed
    last = printed[printed.rindex("medical") :]
    assert "completed" in last
    assert "\x1b[?25h" in printed  # the cursor is back


def test_a_training_that_redirects_what_it_prints_does_not_disturb(tmp_path: Path):
    printed = on_a_terminal(tmp_path, "redirected")  # long enough for a few pictures
    assert "through a stream of the training's own" in printed
    assert "Error" not in printed


def test_the_cursor_is_back_when_the_run_never_ended(tmp_path: Path):
    assert "\x1b[?25h" in on_a_terminal(tmp_path, "die")


def test_a_forked_child_does_not_draw(tmp_path: Path):
    assert "completed" in on_a_terminal(tmp_path, "fork")


def test_without_rich_it_is_said_and_the_training_goes_on(tmp_path: Path):
    printed = on_a_terminal(tmp_path, "without-rich")
    assert "pip install 'aegis-tracker[show]'" in printed
    assert "printed meanwhile" in printed


def test_without_a_terminal_nothing_is_drawn(tmp_path: Path):
    done = subprocess.run(
        [sys.executable, "-c", TRAINING, tmp_path], capture_output=True, text=True, timeout=LIMIT_S, check=True
    )
    assert done.stdout == "printed meanwhile\n"
    assert "initialization" not in done.stderr
