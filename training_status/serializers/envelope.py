"""The envelope: the messages of streams, with the same fields for every kind of event."""

from datetime import datetime
from typing import Any

from drf_spectacular.utils import PolymorphicProxySerializer
from rest_framework import serializers

from training_status.number_text import number_text
from training_status.phases import FIRST_PHASE, PHASE_NAMES, overall_percent
from training_status.read.evaluations import EvaluationFacts
from training_status.read.logs import LogLine
from training_status.read.new_findings import NewCandidateFacts
from training_status.read.run_facts import RunFacts
from training_status.serializers.candidate import EvaluationSerializer, NewCandidateSerializer
from training_status.serializers.event_text import event_text
from training_status.serializers.event_types import (
    CANDIDATE,
    EVALUATION,
    GAP,
    LOG,
    STATUS_EVENTS,
)
from training_status.serializers.log_entry import TrainingLogEntrySerializer
from training_status.serializers.status import TrainingStatusSerializer, current_step
from training_status.serializers.times import utc_text

_ENTRY = TrainingLogEntrySerializer()


class _EnvelopeSerializer(serializers.Serializer):
    timestamp = serializers.DateTimeField(help_text="The entry's time by its reporter's clock, else when it was sent.")
    training_run_id = serializers.UUIDField()
    domain = serializers.CharField()
    progress_percent = serializers.FloatField(
        min_value=0.0,
        max_value=100.0,
        help_text="Of the run, like `phase`: in a `log` event after that entry, else when it was sent.",
    )
    phase = serializers.ChoiceField(choices=PHASE_NAMES)
    message = serializers.CharField(help_text="The text of this event.")


class StatusDataSerializer(serializers.Serializer):
    """The whole status object."""

    status = TrainingStatusSerializer()


class StatusEnvelopeSerializer(_EnvelopeSerializer):
    """The current status of a run. Changes in quick succession may be sent as one."""

    event_type = serializers.ChoiceField(choices=STATUS_EVENTS)
    data = StatusDataSerializer()  # type: ignore[assignment]  # the stubs mean the property of that name


class LogEnvelopeSerializer(_EnvelopeSerializer):
    """One entry of the log."""

    event_type = serializers.ChoiceField(choices=(LOG,))
    data = TrainingLogEntrySerializer()  # type: ignore[assignment]  # the stubs mean the property of that name


class GapDataSerializer(serializers.Serializer):
    """The oldest entry kept."""

    first_seq = serializers.IntegerField(min_value=1)


class GapEnvelopeSerializer(_EnvelopeSerializer):
    """Entries after the client's cursor are no longer kept: the log continues at `first_seq`."""

    event_type = serializers.ChoiceField(choices=(GAP,))
    data = GapDataSerializer()  # type: ignore[assignment]  # the stubs mean the property of that name


class CandidateEnvelopeSerializer(_EnvelopeSerializer):
    """A program that the optimiser considers, as it is reported. Only sent live, without the program itself."""

    event_type = serializers.ChoiceField(choices=(CANDIDATE,))
    data = NewCandidateSerializer()  # type: ignore[assignment]  # the stubs mean the property of that name


class EvaluationEnvelopeSerializer(_EnvelopeSerializer):
    """The score of a candidate, as it is reported. Only sent live."""

    event_type = serializers.ChoiceField(choices=(EVALUATION,))
    data = EvaluationSerializer()  # type: ignore[assignment]  # the stubs mean the property of that name


ENVELOPE = PolymorphicProxySerializer(
    component_name="TrainingEvent",
    serializers={
        **dict.fromkeys(STATUS_EVENTS, StatusEnvelopeSerializer),
        LOG: LogEnvelopeSerializer,
        GAP: GapEnvelopeSerializer,
        CANDIDATE: CandidateEnvelopeSerializer,
        EVALUATION: EvaluationEnvelopeSerializer,
    },
    resource_type_field_name="event_type",
)


def status_of(run: RunFacts, now: datetime) -> dict[str, Any]:
    """Return the status object at `now`."""
    return TrainingStatusSerializer(context={"now": now}).to_representation(run)


def status_envelope(event_type: str, run: RunFacts, status: dict[str, Any], now: datetime) -> dict[str, Any]:
    """Return a status event; `status` is the run's status object at `now`."""
    return _status_envelope(event_type, run, now, event_text(event_type, run, status), {"status": status})


def log_envelope(run: RunFacts, line: LogLine) -> dict[str, Any]:
    """Return the event for an entry of the run's log, with the run's progress at that entry.

    Entries that were stored without it are taken to be at the beginning of the phase that is their step, or else of
    the run.
    """
    phase, percent = line.phase, line.progress_percent
    if phase is None or percent is None:
        phase = line.step if line.step in PHASE_NAMES else FIRST_PHASE.name
        percent = overall_percent(phase, 0.0)
    return _envelope(LOG, run, line.timestamp, percent, phase, line.message, _ENTRY.to_representation(line))


def candidate_envelope(run: RunFacts, candidate: NewCandidateFacts) -> dict[str, Any]:
    """Return the event of a new candidate."""
    message = f"Candidate {candidate.name}"
    data = NewCandidateSerializer().to_representation(candidate)
    return _envelope(CANDIDATE, run, candidate.reported_at, run.progress_percent, candidate.phase, message, data)


def evaluation_envelope(run: RunFacts, evaluation: EvaluationFacts) -> dict[str, Any]:
    """Return the event of a new evaluation."""
    message = f"Candidate {evaluation.candidate}: {evaluation.metric} {number_text(evaluation.score)}"
    data = EvaluationSerializer().to_representation(evaluation)
    return _envelope(EVALUATION, run, evaluation.reported_at, run.progress_percent, evaluation.phase, message, data)


def gap_envelope(run: RunFacts, first_seq: int, now: datetime) -> dict[str, Any]:
    """Return the event of a gap: the log continues at `first_seq`."""
    message = f"Log entries before number {first_seq} are no longer kept."
    return _status_envelope(GAP, run, now, message, {"first_seq": first_seq})


def _status_envelope(
    event_type: str, run: RunFacts, now: datetime, message: str, data: dict[str, Any]
) -> dict[str, Any]:
    return _envelope(event_type, run, now, run.progress_percent, current_step(run, run.state), message, data)


def _envelope(
    event_type: str,
    run: RunFacts,
    timestamp: datetime,
    percent: float,
    phase: str,
    message: str,
    data: dict[str, Any],
) -> dict[str, Any]:
    return {
        "event_type": event_type,
        "timestamp": utc_text(timestamp),
        "training_run_id": str(run.public_id),
        "domain": run.domain_name,
        "progress_percent": percent,
        "phase": phase,
        "message": message,
        "data": data,
    }
