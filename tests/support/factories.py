"""The smallest valid objects. A test names only what it is about."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from training_status import run_states
from training_status.ingest.batch import Batch, Event, LogEvent
from training_status.ingest.events import Receipt, record_events
from training_status.models import Domain, PhaseTiming, TrainingRun


class DomainFactory(DjangoModelFactory):
    class Meta:
        model = Domain

    name = factory.Sequence(lambda n: f"domain_{n}")
    description = "A domain made for a test."
    created_at = factory.LazyFunction(timezone.now)


class TrainingRunFactory(DjangoModelFactory):
    """A pending run; the traits give it a state."""

    class Meta:
        model = TrainingRun

    class Params:
        running = factory.Trait(
            state=run_states.RUNNING,
            started_at=factory.SelfAttribute("created_at"),
        )
        completed = factory.Trait(
            state=run_states.COMPLETED,
            started_at=factory.SelfAttribute("created_at"),
            ended_at=factory.LazyAttribute(lambda run: run.created_at + timedelta(minutes=5)),
            end_reported=True,
            progress_percent=100.0,
        )
        lost = factory.Trait(
            state=run_states.FAILED,
            failure_reason=run_states.LOST,
            started_at=factory.SelfAttribute("created_at"),
            ended_at=factory.LazyAttribute(lambda run: run.created_at + timedelta(minutes=5)),
        )

    domain = factory.SubFactory(DomainFactory)
    run_number = factory.Sequence(lambda n: n + 1)
    llm_model = "qwen3:32b"
    created_at = factory.LazyFunction(timezone.now)
    current_phase = None
    phase_started_at = factory.LazyAttribute(lambda run: run.created_at if run.current_phase else None)
    last_report_at = factory.SelfAttribute("created_at")
    last_event_at = factory.SelfAttribute("created_at")

    @classmethod
    def _create(cls, model_class: type[TrainingRun], *args: Any, **kwargs: Any) -> TrainingRun:
        run: TrainingRun = super()._create(model_class, *args, **kwargs)
        number = run.run_number
        Domain.objects.filter(id=run.domain_id, last_run_number__lt=number).update(last_run_number=number)
        return run


class PhaseTimingFactory(DjangoModelFactory):
    class Meta:
        model = PhaseTiming

    run = factory.SubFactory(TrainingRunFactory)
    phase = "initialization"
    started_at = factory.LazyFunction(timezone.now)


def send(run: TrainingRun, *events: Event, source: UUID | None = None, **batch: Any) -> Receipt:
    """Record events as a reporter would."""
    return record_events(run.public_id, Batch(events=list(events), source=source, **batch))


def log_lines(first_n: int, count: int, **values: Any) -> list[LogEvent]:
    """Log events numbered from `first_n`, whose messages are their numbers."""
    values = {"level": "INFO", **values}
    return [LogEvent(n=n, message=str(n), **values) for n in range(first_n, first_n + count)]


def new_id() -> UUID:
    """An id that nothing has."""
    return uuid4()
