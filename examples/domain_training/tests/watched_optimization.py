"""An optimisation on the example's data that is followed, and the truth about it from the student itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dspy
from aegis_tracker import TrainingProgressTracker
from domain_training.dataset import Dataset, DatasetReader, locate_files
from domain_training.metric import make_metric
from domain_training.standin.engine import StandInEngine
from domain_training.tasks import Task, make_tasks
from recording_service import RecordingService, recording_service

MEDICAL = Path(__file__).parent.parent / "data" / "medical"
CALLED = "the student is called"


class Student(dspy.Module):
    """Extracts entities, and writes into the run's log that it is called."""

    def __init__(self, task: Task, tracker: TrainingProgressTracker) -> None:
        super().__init__()
        self.extract = dspy.Predict(task.program.signature)
        self.call_log = _CallLog(tracker)

    def forward(self, text: str) -> dspy.Prediction:
        self.call_log.add()
        return self.extract(text=text)


class _CallLog:
    """Stays one however often a student is copied."""

    def __init__(self, tracker: TrainingProgressTracker) -> None:
        self._tracker = tracker

    def add(self) -> None:
        self._tracker.log("DEBUG", CALLED)

    def __deepcopy__(self, memo: object) -> "_CallLog":
        return self


def entity_task() -> Task:
    """The example's extraction of entities."""
    reader = DatasetReader()
    dataset = Dataset(**{split: reader.read(path) for split, path in locate_files([MEDICAL]).items()})
    return make_tasks("medical", dataset)[0]


def entity_metric(task: Task) -> Any:
    """Its F1."""
    return make_metric(task.compare)


def stand_in(engine: StandInEngine | None = None) -> dspy.LM:
    """The example's model; its cache is off, or calls would be told that were none."""
    return dspy.LM("stand-in", engine=engine or StandInEngine(), cache=False)


@dataclass
class Watched:
    """A tracker and the service that hears it."""

    tracker: TrainingProgressTracker
    service: RecordingService

    def events(self) -> list[dict[str, Any]]:
        """Everything told so far, in order."""
        assert self.tracker.flush(30)
        return self.service.events

    def fractions(self) -> list[float]:
        """The fractions told so far."""
        return [event["fraction"] for event in self.events() if event["type"] == "progress"]

    def messages(self) -> list[str]:
        """What people read."""
        told = [event.get("message", "") for event in self.events()]
        return [message for message in told if message and message != CALLED]

    def student_calls(self) -> int:
        """How often the student was called in truth."""
        return sum(event.get("message") == CALLED for event in self.events())

    def differences(self) -> list[float]:
        """The fraction told less the true share of calls done, whenever the student is called."""
        calls = self.student_calls()
        differences, done, fraction = [], 0, 0.0
        for event in self.events():
            if event["type"] == "progress":
                fraction = event["fraction"]
            elif event.get("message") == CALLED:
                differences.append(fraction - done / calls)
                done += 1
        return differences


@contextmanager
def watched(folder: Path, model: dspy.LM | None = None) -> Iterator[Watched]:
    """A tracker that reports to a listening service, with the stand-in as DSPy's model."""
    with (
        recording_service() as service,
        TrainingProgressTracker("medical", url=service.url, token="aegis_test", spool_dir=folder) as tracker,
        dspy.context(lm=model or stand_in()),
    ):
        yield Watched(tracker, service)
