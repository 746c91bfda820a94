"""The envelope: the messages of streams, with the same fields for every kind of event."""

from datetime import datetime
from typing import Any, Final

from drf_spectacular.utils import PolymorphicProxySerializer
from rest_framework import serializers

from training_status.phases import PHASE_NAMES
from training_status.read.logs import LogLine
from training_status.read.run_facts import RunFacts
from training_status.serializers.log_entry import TrainingLogEntrySerializer
from training_status.serializers.status import TrainingStatusSerializer, current_step
from training_status.serializers.times import utc_text

STARTED: Final = "started"
PHASE_CHANGED: Final = "phase_changed"
PROGRESS_UPDATE: Final = "progress_update"
COMPLETED: Final = "completed"
FAILED: Final = "failed"
LOG: Final = "log"
GAP: Final = "gap"
STATUS_EVENTS: Final = (STARTED, PHASE_CHANGED, PROGRESS_UPDATE, COMPLETED, FAILED)

_ENTRY = TrainingLogEntrySerializer()


class _EnvelopeSerializer(serializers.Serializer):
    timestamp = serializers.DateTimeField(help_text="The entry's time by its reporter's clock, else when it was sent.")
    training_run_id = serializers.UUIDField()
    domain = serializers.CharField()
    progress_percent = serializers.FloatField(min_value=0.0, max_value=100.0)
    phase = serializers.ChoiceField(choices=PHASE_NAMES)
    message = serializers.CharField(allow_null=True)


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


ENVELOPE = PolymorphicProxySerializer(
    component_name="TrainingEvent",
    serializers={
        **dict.fromkeys(STATUS_EVENTS, StatusEnvelopeSerializer),
        LOG: LogEnvelopeSerializer,
        GAP: GapEnvelopeSerializer,
    },
    resource_type_field_name="event_type",
)


def status_of(run: RunFacts, now: datetime) -> dict[str, Any]:
    """Return the status object at `now`."""
    return TrainingStatusSerializer(context={"now": now}).to_representation(run)


def status_envelope(event_type: str, run: RunFacts, status: dict[str, Any], now: datetime) -> dict[str, Any]:
    """Return a status event; `status` is the run's status object at `now`."""
    message = run.error_message if event_type == FAILED else run.message
    return _envelope(event_type, run, utc_text(now), message, {"status": status})


def log_envelope(run: RunFacts, line: LogLine) -> dict[str, Any]:
    """Return the event for an entry of the run's log."""
    return _envelope(LOG, run, utc_text(line.timestamp), line.message, _ENTRY.to_representation(line))


def gap_envelope(run: RunFacts, first_seq: int, now: datetime) -> dict[str, Any]:
    """Return the event of a gap: the log continues at `first_seq`."""
    return _envelope(GAP, run, utc_text(now), None, {"first_seq": first_seq})


def _envelope(
    event_type: str, run: RunFacts, timestamp: str | None, message: str | None, data: dict[str, Any]
) -> dict[str, Any]:
    return {
        "event_type": event_type,
        "timestamp": timestamp,
        "training_run_id": str(run.public_id),
        "domain": run.domain_name,
        "progress_percent": run.progress_percent,
        "phase": current_step(run, run.state),
        "message": message,
        "data": data,
    }
