"""Spools that a training left, and who looks at them: the next training in the folder, and `aegis-tracker sync`."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.contract_server import Run
from support.process import Process
from support.trainings import ended, run_training

NO_END = "ended without reporting an end"
OLD_S = 10 * 60.0


UNDER_WAY = """
tracker.log("INFO", "one")
assert tracker.flush(30)
print(tracker.run_id, flush=True)
sys.stdin.readline()
tracker.log("INFO", "two")
tracker.complete({"f1": 1})
"""


@contextmanager
def under_way(url: str, spool_dir: Path, program: str = UNDER_WAY, **more: object) -> Iterator[tuple[Process, str]]:
    """A training that has reported "one", and its run. It reports "two" and completes once it is given a line."""
    with run_training(program, url, spool_dir, **more) as training:
        yield training, training.next_line()


def next_training(url: str, spool_dir: Path, **more: object) -> str:
    """Another training in the same folder, to its end, for which it has looked around; what it says."""
    return ended(run_training("tracker.complete({})", url, spool_dir, **more))[1]


def age(path: Path, by_s: float = OLD_S) -> float:
    """Make a spool look as if nothing had been written for so long; when its last write was."""
    then = time.time() - by_s
    for file in [path, *path.parent.glob(f"{path.stem}.*.part")]:
        os.utime(file, (then, then))
    return then


def reported(run: Run) -> list[str]:
    """What its training has reported itself: without what others said about its end."""
    return [event.get("message", "") for event in run.events if event.get("reason") != "lost"]


def assert_in_doubt(synced: tuple[int, str, str], run_id: str, *words: str) -> None:
    """`sync` has left a spool alone, and says why and what may be done."""
    status, lines, errors = synced
    assert status == 1, lines + errors
    told = [line for line in lines.splitlines() if line.startswith(f"{run_id}  medical  in doubt: ")]
    assert len(told) == 1, lines
    for word in (f"--ended {run_id}", *words):
        assert word in told[0]
    assert "Traceback" not in errors
