"""No prompt of an optimisation shows the answer of a development or test sample."""

from pathlib import Path

import dspy
import pytest
from aegis_tracker import TrainingProgressTracker, phases
from domain_training.dataset import Dataset, DatasetReader, locate_files
from domain_training.optimization import optimize
from domain_training.optimizers import OPTIMIZERS
from domain_training.report import Report
from domain_training.standin.engine import StandInEngine
from domain_training.standin.prompt import parse_prompt
from domain_training.tasks import make_tasks
from recording_service import recording_service

MEDICAL = Path(__file__).parent.parent / "data" / "medical"


class RememberingEngine(StandInEngine):
    """The stand-in, remembering what it was asked."""

    def __init__(self) -> None:
        self.requests: list[dspy.lm15.Request] = []

    def complete(self, request: dspy.lm15.Request) -> dspy.lm15.Response:
        self.requests.append(request)
        return super().complete(request)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_held_out_texts_stand_only_in_questions(optimizer: str, tmp_path: Path) -> None:
    reader = DatasetReader()
    dataset = Dataset(**{split: reader.read(path) for split, path in locate_files([MEDICAL]).items()})
    held_out = {sample.text for sample in dataset.dev + dataset.test}
    engine = RememberingEngine()
    with (
        recording_service() as service,
        dspy.context(lm=dspy.LM("stand-in", engine=engine, cache=False)),
        TrainingProgressTracker("medical", url=service.url, token="aegis_test", spool_dir=tmp_path) as tracker,
    ):
        report = Report(tracker)
        for task in make_tasks("medical", dataset):
            optimize(task, phases.ENTITY_EXTRACTION_OPTIMIZATION, optimizer, report, threads=1, seed=1)
    questions = 0
    for request in engine.requests:
        messages = [(message.role, message.text or "") for message in request.messages]
        asked = parse_prompt(request.system or "", messages)
        everything = "\n".join([request.system or "", *(text for _, text in messages)])
        seen = {text for text in held_out if text in everything}
        if seen:
            questions += 1
            assert asked.inputs == {"text": seen.pop()}
            assert not seen
    assert questions >= 2 * len(dataset.dev)
