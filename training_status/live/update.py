"""What followers hand to viewers: a few envelopes in order, each turned into bytes once for all of them."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

import msgspec

from training_status.read.logs import LogLine
from training_status.read.run_facts import RunFacts
from training_status.serializers.envelope import gap_envelope, log_envelope, status_envelope


class Envelope(NamedTuple):
    """One message: its JSON, in one line, and the id that it has (None: none).

    `then_id` is a cursor that says more than the id, given after the message without one of its own.
    """

    id: str | None
    json: bytes
    then_id: str | None = None


class Update:
    """Some envelopes. `last_seq` is the last log entry among them, None without; `ends`: the run's end is told.

    No envelopes at all: a sign of life, for connections that would be taken for dead.
    """

    __slots__ = ("__dict__", "ends", "envelopes", "last_seq")

    def __init__(self, envelopes: Iterable[Envelope] = (), *, last_seq: int | None = None, ends: bool = False) -> None:
        self.envelopes = tuple(envelopes)
        self.last_seq = last_seq
        self.ends = ends

    @cached_property
    def size_bytes(self) -> int:
        """How much memory it takes, roughly."""
        return sum(len(envelope.json) for envelope in self.envelopes)

    @cached_property
    def as_server_sent_events(self) -> bytes:
        """The envelopes as an event stream's messages.

        JSON has no line breaks and no NUL of its own, so no text in it can begin another field.
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
        if envelope.then_id is not None:  # clients take it as their cursor, and hand nothing on
            yield b"id: " + envelope.then_id.encode() + b"\n\n"


def status_message(event_type: str, run: RunFacts, status: dict[str, Any], now: datetime) -> Envelope:
    """A status event that moves no cursor."""
    return Envelope(None, msgspec.json.encode(status_envelope(event_type, run, status, now)))


def end_message(event_type: str, run: RunFacts, status: dict[str, Any], now: datetime) -> Envelope:
    """The last message of a run, `completed` or `failed`.

    After a provisional end there is another: its cursor says which, by the log's length.
    """
    end = f"{run.run_number}.end"
    then_id = None if run.given_up_seq is None else f"{end}.{run.last_seq}"
    return Envelope(end, msgspec.json.encode(status_envelope(event_type, run, status, now)), then_id)


def gap_message(run: RunFacts, first_seq: int, now: datetime) -> Envelope:
    """That the log goes on at `first_seq`: what was before it is not kept any more."""
    return Envelope(None, msgspec.json.encode(gap_envelope(run, first_seq, now)))


def log_messages(run: RunFacts, after_seq: int, lines: Iterable[LogLine], now: datetime) -> Iterator[Envelope]:
    """The entries that follow on `after_seq`; where some are not kept any more, that is told first."""
    for line in lines:
        if line.seq != after_seq + 1:
            yield gap_message(run, line.seq, now)
        yield Envelope(f"{run.run_number}.{line.seq}", msgspec.json.encode(log_envelope(run, line)))
        after_seq = line.seq
