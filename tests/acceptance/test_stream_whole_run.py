"""Every envelope of whole runs, as they happen and replayed: its kind, percentage, phase and text."""

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from tests.support.live_viewers import Told, Viewer
from tests.support.runs import ENTITY, Run, complete, fail, log, phase, progress


class Place(NamedTuple):
    """What an envelope says of its event."""

    event_type: str
    progress_percent: float
    phase: str
    message: str


STARTED = Place("started", 0, "initialization", "The training has started.")
BEGINNING = [
    (
        phase("initialization", message="reading the configuration"),
        [STARTED, Place("log", 0, "initialization", "reading the configuration")],
    ),
    (
        phase("loading_data"),
        [
            Place("log", 5, "loading_data", "Phase loading_data"),
            Place("phase_changed", 5, "loading_data", "Phase loading_data"),
        ],
    ),
    (
        progress(0.5, message="60 of 120 samples"),
        [
            Place("log", 7.5, "loading_data", "60 of 120 samples"),
            Place("progress_update", 7.5, "loading_data", "60 of 120 samples"),
        ],
    ),
    (
        log("slow disk", "WARNING", step="reading files"),
        [
            Place("log", 7.5, "loading_data", "slow disk"),
            Place("progress_update", 7.5, "loading_data", "60 of 120 samples"),
        ],
    ),
    (progress(0.75), [Place("progress_update", 8.75, "loading_data", "Phase loading_data: 75 % done")]),
    (
        phase(ENTITY, message="10 trials"),
        [Place("log", 10, ENTITY, "10 trials"), Place("phase_changed", 10, ENTITY, "10 trials")],
    ),
    (
        log("between", step=None),
        [Place("log", 10, ENTITY, "between"), Place("progress_update", 10, ENTITY, "10 trials")],
    ),
    (
        phase("loading_data", message="read once more"),
        [Place("log", 10, ENTITY, "read once more"), Place("progress_update", 10, ENTITY, "10 trials")],
    ),
    (
        progress(0.5, message="trial 5"),
        [Place("log", 27.5, ENTITY, "trial 5"), Place("progress_update", 27.5, ENTITY, "trial 5")],
    ),
]
ENDS = {
    "completed with a message": (
        complete(message="saved"),
        [Place("log", 100, "saving_results", "saved"), Place("completed", 100, "saving_results", "saved")],
    ),
    "completed without": (complete(), [Place("completed", 100, "saving_results", "The training is completed.")]),
    "failed": (
        fail("out of memory"),
        [Place("log", 27.5, ENTITY, "out of memory"), Place("failed", 27.5, ENTITY, "out of memory")],
    ),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS.keys())
def test_live_and_replayed(watch: Callable[..., Viewer], run: Run, end: tuple[dict[str, Any], list[Place]]) -> None:
    live = watch(run.domain, training_run_id=run.id)
    live.await_story("progress_update")
    expected = [Place("progress_update", 0, "initialization", "The training has not started yet.")]
    for event, envelopes in [*BEGINNING, end]:
        run.send(event)
        expected += envelopes
        live.await_count(len(expected))
        assert places(live.told) == expected
    live.await_over()
    assert places(live.told) == expected

    replayed = watch(run.domain, training_run_id=run.id)
    replayed.await_over()
    end_of_run = expected[-1]
    entries = [place for place in expected if place.event_type == "log"]
    assert places(replayed.told) == [end_of_run._replace(event_type="progress_update"), *entries, end_of_run]


def places(told: list[Told]) -> list[Place]:
    return [Place(*(one.envelope[name] for name in Place._fields)) for one in told]


def test_a_run_that_begins_without_a_phase(watch: Callable[..., Viewer], run: Run) -> None:
    live = watch(run.domain, training_run_id=run.id)
    live.await_story("progress_update")
    run.send(progress(0.5))
    live.await_story("progress_update", "started")
    run.send(progress(0.6))
    live.await_story("progress_update", "started", "progress_update")
    assert places(live.told)[1:] == [
        Place("started", 2.5, "initialization", "The training has started."),
        Place("progress_update", 3, "initialization", "Phase initialization: 60 % done"),
    ]


def test_a_phase_that_passes_between_two_looks_leaves_no_text_behind(watch: Callable[..., Viewer], run: Run) -> None:
    """However many events are told as one, the text is that of the phase that the run is in."""
    run.send(phase("loading_data"), progress(0.5, message="loading"))
    live = watch(run.domain, training_run_id=run.id)
    live.await_story("progress_update", 1, 2)
    run.send(phase(ENTITY, message="entities"), progress(0.1, message="trial 1"), phase("prompt_extraction"))
    changed = live.await_type("phase_changed")
    assert places([changed]) == [Place("phase_changed", 80, "prompt_extraction", "Phase prompt_extraction")]
    run.send(complete())
    live.await_over()


def test_a_run_that_was_given_up(watch: Callable[..., Viewer], run: Run) -> None:
    run.send(phase(ENTITY))
    assert run.cancel().status_code in (200, 202)
    run.send(fail("stopped as asked"))
    viewer = watch(run.domain, training_run_id=run.id)
    viewer.await_over()
    assert places(viewer.told[-1:]) == [Place("failed", 10, ENTITY, "stopped as asked")]
