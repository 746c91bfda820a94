"""Storing candidates, evaluations and usage, under the lock of their run. Raw SQL, like all on the path of an event."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC
from typing import Any

import msgspec
from django.db import connection

from training_status.errors import Conflict, InvalidInput
from training_status.ingest.batch import Event
from training_status.ingest.optimizer_events import CandidateEvent
from training_status.ingest.optimizer_records import NewCandidate, NewEvaluation
from training_status.jsonb import to_jsonb
from training_status.models.model_usage import COUNTS

_KNOWN = "SELECT name, digest FROM training_status_candidate WHERE run_id = %s AND name = ANY(%s)"
_INSERT_CANDIDATE = """
    INSERT INTO training_status_candidate (
           run_id, number, name, origin, parents, predictors, state, omitted, digest, reported_at, phase)
    VALUES (%s, %s, %s, %s, %s::jsonb, %s::jsonb, %s, %s::jsonb, %s, %s, %s)
"""
_INSERT_EVALUATIONS = """
    INSERT INTO training_status_evaluation (
           run_id, number, candidate, metric, score, split, example_count, error_count, duration_ms, reported_at, phase,
           example_scores, example_ids)
    SELECT %s, new.* FROM jsonb_to_recordset(%s::jsonb) AS new(
           number bigint, candidate text, metric text, score double precision, split text, example_count bigint,
           error_count bigint, duration_ms double precision, reported_at timestamptz, phase text,
           example_scores double precision[], example_ids text[])
"""
_ADD_USAGE = f"""
    INSERT INTO training_status_modelusage AS known (
           run_id, phase, model, role, currency, {", ".join(COUNTS)}, cost, duration_ms)
    VALUES (%(run_id)s, %(phase)s, %(model)s, %(role)s, %(currency)s,
           {", ".join(f"%({name})s" for name in COUNTS)}, %(cost)s, %(duration_ms)s)
    ON CONFLICT (run_id, phase, model, role, currency) DO UPDATE
       SET {", ".join(f"{name} = known.{name} + excluded.{name}" for name in COUNTS)},
           cost = known.cost + excluded.cost, duration_ms = known.duration_ms + excluded.duration_ms
"""


def known_again(run_id: int, events: Iterable[Event]) -> frozenset[int]:
    """Return the numbers of the candidate events whose candidate is stored already, with the same content.

    Raises Conflict (`candidate_exists`) for one with other content, and InvalidInput for a parent that is not known
    before its child. The caller holds the run's lock.
    """
    candidates = [event for event in events if isinstance(event, CandidateEvent)]
    if not candidates:
        return frozenset()
    names = {name for event in candidates for name in (event.candidate, *event.parents)}
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN, (run_id, list(names)))
        known: dict[str, bytes | CandidateEvent] = {name: bytes(digest) for name, digest in cursor.fetchall()}
    again = set()
    for event in candidates:
        if before := known.get(event.candidate):
            if digest_of(event) != (before if isinstance(before, bytes) else digest_of(before)):
                raise Conflict(
                    f"The run already has a candidate '{event.candidate}' with other content.", code="candidate_exists"
                )
            again.add(event.n)
            continue
        for parent in event.parents:
            if parent not in known:
                raise InvalidInput(
                    f"The candidate '{event.candidate}' has the parent '{parent}', which is not known yet: a parent"
                    " comes before its children.",
                    field="parents",
                )
        known[event.candidate] = event
    return frozenset(again)


def digest_of(event: CandidateEvent) -> bytes:
    """Return a digest of a candidate's content, the same for the same JSON values in whatever order of their names."""
    content = (event.parents, event.origin, event.predictors, event.state, event.omitted)
    return hashlib.sha256(msgspec.json.encode(content, order="sorted")).digest()


def insert_candidates(cursor: Any, run_id: int, candidates: Iterable[NewCandidate]) -> None:
    """Store candidates that the caller has numbered."""
    for number, event, reported_at, phase in candidates:
        cursor.execute(
            _INSERT_CANDIDATE,
            (
                run_id,
                number,
                event.candidate,
                event.origin,
                to_jsonb(event.parents),
                None if event.predictors is None else to_jsonb(event.predictors),
                None if event.state is None else to_jsonb(event.state),
                to_jsonb(event.omitted),
                digest_of(event),
                reported_at,
                phase,
            ),
        )


def insert_evaluations(cursor: Any, run_id: int, evaluations: list[NewEvaluation]) -> None:
    """Store evaluations that the caller has numbered."""
    if evaluations:
        cursor.execute(_INSERT_EVALUATIONS, (run_id, to_jsonb([_evaluation_json(one) for one in evaluations])))


def add_sums(cursor: Any, run_id: int, sums: Mapping[str, Any]) -> None:
    """Add to the sums of a model; `sums` are the columns of `ModelUsage`."""
    cursor.execute(_ADD_USAGE, {**sums, "run_id": run_id})


def _evaluation_json(new: NewEvaluation) -> dict[str, Any]:
    event = new.event
    return {
        "number": new.number,
        "candidate": event.candidate,
        "metric": event.metric,
        "score": event.score,
        "split": event.split,
        "example_count": event.example_count,
        "error_count": event.error_count,
        "duration_ms": event.duration_ms,
        "reported_at": new.reported_at.astimezone(UTC).isoformat(),
        "phase": new.phase,
        "example_scores": event.example_scores,
        "example_ids": event.example_ids,
    }
