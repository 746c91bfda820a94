"""What is found and used is kept when a training ends before its optimiser."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from recording_service import recording_service
from watched_findings import COUNTS, best_evaluation, of_type, score_in_a_fresh_process, used

NOBODY_LISTENS = "http://127.0.0.1:9"
PROGRAM = Path(__file__).parent / "interrupted_optimization.py"


def interrupted(url: str, spool: Path, optimizer: str, calls: int, way: str) -> tuple[int, Counter[str]]:
    """The exit status of an optimisation, and what its engine had counted."""
    settings = {"AEGIS_URL": url, "AEGIS_TOKEN": "aegis_test", "AEGIS_SPOOL_DIR": str(spool)}
    path = os.pathsep.join(filter(None, sys.path))
    done = subprocess.run(
        [sys.executable, str(PROGRAM), optimizer, str(calls), way],
        env=os.environ | settings | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    counted = [line for line in done.stdout.splitlines() if line.startswith("counted ")]
    assert counted, done.stderr
    return done.returncode, Counter(json.loads(counted[0].removeprefix("counted ")))


def events_of(spool: Path) -> list[dict[str, Any]]:
    (file,) = spool.glob("*.jsonl")
    whole, _, _ = file.read_bytes().rpartition(b"\n")
    return [json.loads(line) for line in whole.splitlines()]


@pytest.mark.parametrize("calls", [60, 110, 160])
@pytest.mark.parametrize("optimizer", ["gepa", "miprov2", "miprov2_minibatches"])
def test_a_killed_optimisation_leaves_its_best_program(optimizer: str, calls: int, tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    status, counted = interrupted(NOBODY_LISTENS, spool, optimizer, calls, "SIGKILL")
    assert status == -signal.SIGKILL
    events = events_of(spool)
    assert not of_type(events, "complete") + of_type(events, "fail")
    best = best_evaluation(events)
    assert best["split"] == "development"
    (candidate,) = (event for event in of_type(events, "candidate") if event["candidate"] == best["candidate"])
    assert score_in_a_fresh_process(candidate, "development", tmp_path) == pytest.approx(best["score"], abs=1e-9)
    assert 0 < used(events)["calls"] <= counted["calls"]


def test_what_was_used_before_is_written_while_an_evaluation_runs(tmp_path: Path) -> None:
    status, counted = interrupted(NOBODY_LISTENS, tmp_path / "spool", "gepa", 20, "usage, then SIGKILL")
    assert status == -signal.SIGKILL
    events = events_of(tmp_path / "spool")
    assert of_type(events, "evaluation") == []
    assert {name: used(events)[name] for name in COUNTS} == {name: counted[name] for name in COUNTS}


@pytest.mark.parametrize(
    ("way", "expected", "error"),
    [
        ("SIGTERM", -signal.SIGTERM, "SIGTERM: the training's process was told to terminate."),
        ("SIGINT", -signal.SIGINT, "KeyboardInterrupt"),
        ("exit", 3, "SystemExit: 3"),
    ],
)
@pytest.mark.parametrize("optimizer", ["random_search", "miprov2"])
def test_nothing_that_was_counted_is_lost_at_an_end(
    optimizer: str, way: str, expected: int, error: str, tmp_path: Path
) -> None:
    with recording_service() as service:
        status, counted = interrupted(service.url, tmp_path / "spool", optimizer, 75, way)
    assert status == expected
    assert service.events[-1]["error"] == error
    assert {name: used(service.events)[name] for name in COUNTS} == {name: counted[name] for name in COUNTS}
