"""Updates that followers pass to viewers: envelopes in order, each encoded once for all viewers."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

import msgspec

from training_status.read.evaluations import EvaluationFacts
from training_status.read.logs import LogLine
from training_status.read.new_findings import NewCandidateFacts
from training_status.read.run_facts import RunFacts
from training_status.serializers.envelope import (
    candidate_envelope,
    evaluation_envelope,
    gap_envelope,
    log_envelope,
    status_envelope,
)


class Envelope(NamedTuple):
    """One message: its JSON on one line, and its id (None: without an id).

    `then_id` is a more precise cursor, sent after the message without data.
    """

    id: str | None
    json: bytes
    then_id: str | None = None


class Update:
    """Some envelopes. `last_seq` is the number of the last log entry among them; `ends`: they hold the run's end.

    An update without envelopes is a keepalive, for connections that would otherwise be taken for dead.
    """

    __slots__ = ("__dict__", "ends", "envelopes", "last_seq")

    def __init__(self, envelopes: Iterable[Envelope] = (), *, last_seq: int | None = None, ends: bool = False) -> None:
        self.envelopes = tuple(envelopes)
        self.last_seq = last_seq
        self.ends = ends

    @cached_property
    def size_bytes(self) -> int:
        """The approximate size in memory."""
        return sum(len(envelope.json) for envelope in self.envelopes)

    @cached_property
    def as_server_sent_events(self) -> bytes:
        """The envelopes as Server-Sent Events.

        The JSON has no line breaks and no NUL, so its text cannot begin another field.
        """
        return b"".join(_messages(self.envelopes)) or b": still here\n\n"

    @cached_property
    def as_texts(self) -> tuple[str, ...]:
        """The envelopes as JSON texts."""
        return tuple(envelope.json.decode() for envelope in self.envelopes)


def _messages(envelopes: Iterable[Envelope]) -> Iterator[bytes]:
    for envelope in envelopes:
        if envelope.id is not None:
            yield b"id: " + envelope.id.encode() + b"\n"
        yield b"data: " + envelope.json + b"\n\n"
        if envelope.then_id is not None:  # clients store it as their cursor and dispatch no event
            yield b"id: " + envelope.then_id.encode() + b"\n\n"


def status_message(event_type: str, run: RunFacts, status: dict[str, Any], now: datetime) -> Envelope:
    """A status event. It has no id, so it does not change the client's cursor."""
    return Envelope(None, msgspec.json.encode(status_envelope(event_type, run, status, now)))


def end_message(event_type: str, run: RunFacts, status: dict[str, Any], now: datetime) -> Envelope:
    """The last message of a run, `completed` or `failed`.

    A run that resumed after a provisional end ends again: the cursor tells the ends apart by the log's length.
    """
    end = f"{run.run_number}.end"
    then_id = None if run.resumed_at_seq is None else f"{end}.{run.last_seq}"
    return Envelope(end, msgspec.json.encode(status_envelope(event_type, run, status, now)), then_id)


def gap_message(run: RunFacts, first_seq: int, now: datetime) -> Envelope:
    """A gap event: the log continues at `first_seq`, and the entries before it are no longer kept."""
    return Envelope(None, msgspec.json.encode(gap_envelope(run, first_seq, now)))


def finding_messages(
    run: RunFacts, candidates: Iterable[NewCandidateFacts], evaluations: Iterable[EvaluationFacts]
) -> Iterator[Envelope]:
    """New candidates and evaluations. They have no id: a client that connects again reads them by number."""
    for candidate in candidates:
        yield Envelope(None, msgspec.json.encode(candidate_envelope(run, candidate)))
    for evaluation in evaluations:
        yield Envelope(None, msgspec.json.encode(evaluation_envelope(run, evaluation)))


def log_messages(run: RunFacts, after_seq: int, lines: Iterable[LogLine], now: datetime) -> Iterator[Envelope]:
    """The entries after `after_seq`; a gap event comes before them if some are no longer kept."""
    for line in lines:
        if line.seq != after_seq + 1:
            yield gap_message(run, line.seq, now)
        yield Envelope(f"{run.run_number}.{line.seq}", msgspec.json.encode(log_envelope(run, line)))
        after_seq = line.seq
