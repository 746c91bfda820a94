"""Exporting what an optimiser found and used, and importing it again: nothing of it changes."""

import json

import pytest

from tests.support.exported_runs import export, joined, lines_of, put_back
from tests.support.factories import TrainingRunFactory, send
from training_status.errors import InvalidInput
from training_status.ingest.batch import CompleteEvent, LogEvent
from training_status.ingest.deletion import delete_run
from training_status.ingest.optimizer_events import (
    CandidateEvent,
    EvaluationEvent,
    ReportedPredictor,
    UsageEvent,
    UsedModel,
)
from training_status.models import Candidate, Evaluation, ModelUsage, TrainingRun

pytestmark = pytest.mark.django_db(transaction=True)

STATE = {"z": [{"b": 1e-7, "a": "é\u2028"}], "a": None, "big": 1e300, "third": 1 / 3}


def finished():
    run = TrainingRunFactory(domain__name="medical", run_number=3)
    send(
        run,
        LogEvent(n=1, level="INFO", message="begun"),
        CandidateEvent(n=2, candidate="initial", origin="initial"),
        CandidateEvent(
            n=3,
            candidate="1",
            parents=["initial"],
            origin="reflected",
            predictors={"p": ReportedPredictor(instruction="Find.", demonstrations=[{"b": 1, "a": 2}])},
            state=STATE,
        ),
        CandidateEvent(n=4, candidate="2", omitted=["state"]),
        *[
            EvaluationEvent(
                n=5 + place, candidate=str(place), metric="f1", score=place / 70, split="test", example_count=9
            )
            for place in range(60)
        ],
        EvaluationEvent(
            n=65,
            candidate="1",
            metric="loss",
            score=0.1,
            split="development",
            example_count=3,
            error_count=1,
            duration_ms=1.5,
            example_scores=[1, None, 1 / 3],
            example_ids=["a", "b", "c"],
        ),
        UsageEvent(n=66, models=[UsedModel(model="a", calls=3, cached_calls=1, input_tokens=7), used("a", 0.1, "USD")]),
        UsageEvent(n=67, models=[used("a", 0.2, "USD"), used("b", 5, "EUR"), used("a", 1e-12, "USD")]),
        CompleteEvent(n=68),
    )
    return TrainingRun.objects.get(id=run.id)


def used(model, cost, currency):
    return UsedModel(model=model, calls=1, cost=cost, currency=currency, duration_ms=0.5)


def rows(model):
    stored = [field.name for field in model._meta.concrete_fields if field.name not in ("run", "id")]
    return sorted(model.objects.order_by().values(*stored), key=lambda row: json.dumps(row, default=str))


def test_it_comes_back_as_it_was():
    run = finished()
    before = [rows(model) for model in (Candidate, Evaluation, ModelUsage)]
    assert [len(table) for table in before] == [3, 61, 3]
    exported = export(run)
    delete_run(run.public_id)
    assert not any(rows(model) for model in (Candidate, Evaluation, ModelUsage))
    put_back(exported)
    again = TrainingRun.objects.get(public_id=run.public_id)
    assert [rows(model) for model in (Candidate, Evaluation, ModelUsage)] == before
    assert (again.best, again.usage) == (run.best, run.usage)
    assert again.usage["costs"] == {"USD": "0.300000000001", "EUR": "5.000000000000"}
    assert (again.candidate_count, again.evaluation_count) == (3, 61)
    assert export(again) == exported
    assert list(json.loads(Candidate.objects.get(name="1").state)) == list(STATE)


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        (lambda lines: lines[:2] + lines[3:], "Line 3: expected the candidate with number 1, got 2"),
        (lambda lines: lines[:-2] + lines[-1:], "Line 69: the file should have 67 findings, but has 66"),
        (
            lambda lines: lines[:4] + lines[5:-1] + [lines[-1].replace(b'"findings":67', b'"findings":66')],
            "the run has 3 candidates, but 2 are in the file",
        ),
        (
            lambda lines: [line.replace(b'"origin":"reflected"', b'"origin":"invented"') for line in lines],
            "origin is not valid",
        ),
        (lambda lines: [line.replace(b'"score":0.1,', b'"score":"x",') for line in lines], "score is not valid"),
        (lambda lines: [line.replace(b'"currency":"EUR"', b'"currency":""') for line in lines], "cost and currency"),
        (lambda lines: [line.replace(b'"example_ids":["a",', b'"example_ids":[') for line in lines], "has 2 names"),
        (lambda lines: [*lines[:-1], lines[1], lines[-1]], "Line 70: kind is required"),
    ],
)
def test_a_file_that_was_changed_is_refused_and_stores_nothing(change, detail):
    run = finished()
    changed = change(export(run).splitlines(keepends=True))
    delete_run(run.public_id)
    with pytest.raises(InvalidInput) as refused:
        put_back(b"".join(changed))
    assert detail in refused.value.detail
    assert not TrainingRun.objects.exists()
    assert not any(rows(model) for model in (Candidate, Evaluation, ModelUsage))


def test_an_export_of_an_earlier_release_is_read():
    run = finished()
    header, entry, *_, trailer = lines_of(export(run))
    for name in ("candidate_count", "evaluation_count", "phase_message", "event_message"):
        del header["run"][name]
    del entry["phase"], entry["progress_percent"], trailer["findings"]
    delete_run(run.public_id)
    put_back(joined([header, entry, trailer]))
    assert TrainingRun.objects.get().candidate_count == 0
