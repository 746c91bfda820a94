"""Trackers in the process of the test."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from aegis_tracker import AegisTrackerWarning, TrainingProgressTracker

MakeTracker = Callable[..., TrainingProgressTracker]  # what the fixture `make_tracker` gives


@contextmanager
def said_once(match: str) -> Iterator[pytest.WarningsRecorder]:
    """What is done inside makes the tracker warn exactly once."""
    with pytest.warns(AegisTrackerWarning, match=match) as warned:
        yield warned
    assert len([one for one in warned if one.category is AegisTrackerWarning]) == 1
