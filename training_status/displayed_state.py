"""The displayed state: what stored facts, a domain's limits and the clock say about a run. The only definition.

Each condition can be asked of a run in memory (`holds`), of a Django query of runs (`q`), and in raw SQL (`sql`). Raw
SQL has the run as `run`, its domain as `domain`, and takes the parameters `now`, `uptime_s` and the limits of the
settings (`read.run_columns.limits_of_settings`).
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db.models import DateTimeField, DurationField, ExpressionWrapper, F, FloatField, Q, Value
from django.db.models.functions import Coalesce

from training_status import run_states


class Condition(ABC):
    """A condition on a run at the moment `now`.

    `run` is anything with the stored facts as attributes, and with the limits that the condition is about
    (`stall_limit_s` and so on) as they hold for it. `uptime_s`: for how long the service could be reached; silence
    counts at most that long.
    """

    sql: str

    @abstractmethod
    def holds(self, run: Any, now: datetime, *, uptime_s: float = math.inf) -> bool: ...

    @abstractmethod
    def q(self, now: datetime) -> Q: ...

    def __and__(self, other: "Condition") -> "Condition":
        return _All((self, other))

    def __or__(self, other: "Condition") -> "Condition":
        return ~(~self & ~other)

    def __invert__(self) -> "Condition":
        return _Not(self)


@dataclass(frozen=True)
class _All(Condition):
    parts: tuple[Condition, ...]

    @property
    def sql(self) -> str:  # type: ignore[override]
        return f"({' AND '.join(part.sql for part in self.parts)})"

    def holds(self, run: Any, now: datetime, *, uptime_s: float = math.inf) -> bool:
        return all(part.holds(run, now, uptime_s=uptime_s) for part in self.parts)

    def q(self, now: datetime) -> Q:
        return Q(*(part.q(now) for part in self.parts))


@dataclass(frozen=True)
class _Not(Condition):
    negated: Condition

    @property
    def sql(self) -> str:  # type: ignore[override]
        return f"NOT {self.negated.sql}"

    def holds(self, run: Any, now: datetime, *, uptime_s: float = math.inf) -> bool:
        return not self.negated.holds(run, now, uptime_s=uptime_s)

    def q(self, now: datetime) -> Q:
        return ~self.negated.q(now)


class _Active(Condition):
    # The words of the partial index `run_active`, which finds these without looking at finished runs.
    sql = f"(NOT (run.state = '{run_states.COMPLETED}' OR run.state = '{run_states.FAILED}'))"

    def holds(self, run: Any, now: datetime, *, uptime_s: float = math.inf) -> bool:
        return run.state in run_states.ACTIVE_STATES

    def q(self, now: datetime) -> Q:
        return Q(state__in=sorted(run_states.ACTIVE_STATES))


class _CancelRequested(Condition):
    sql = "(run.cancel_requested_at IS NOT NULL)"

    def holds(self, run: Any, now: datetime, *, uptime_s: float = math.inf) -> bool:
        return run.cancel_requested_at is not None

    def q(self, now: datetime) -> Q:
        return Q(cancel_requested_at__isnull=False)


@dataclass(frozen=True)
class Silence(Condition):
    """`since`, a stored time, lies as far back as `limit`, a limit of the domain or of the settings, or farther."""

    since: str
    limit: str

    @property
    def sql(self) -> str:  # type: ignore[override]
        elapsed_s = f"extract(epoch FROM %(now)s::timestamptz - run.{self.since})::float8"
        return (
            f"(least({elapsed_s}, %(reachable_s)s::float8) >= coalesce(domain.{self.limit}, %({self.limit})s::float8))"
        )

    def holds(self, run: Any, now: datetime, *, uptime_s: float = math.inf) -> bool:
        elapsed_s: float = (now - getattr(run, self.since)).total_seconds()
        return bool(min(elapsed_s, uptime_s) >= getattr(run, self.limit))

    def q(self, now: datetime) -> Q:
        default: timedelta = getattr(settings, self.limit.removesuffix("_s").upper())
        limit_s = Coalesce(F(f"domain__{self.limit}"), Value(default.total_seconds()), output_field=FloatField())
        limit = ExpressionWrapper(limit_s * Value(timedelta(seconds=1)), output_field=DurationField())
        latest = ExpressionWrapper(Value(now, output_field=DateTimeField()) - limit, output_field=DateTimeField())
        return Q(**{f"{self.since}__lte": latest})


ACTIVE: Final = _Active()
CANCEL_REQUESTED: Final = _CancelRequested()
NO_REPORT: Final = Silence("last_report_at", "stall_limit_s")
NO_EVENT: Final = Silence("last_event_at", "hang_limit_s")
NO_REPORT_FOR_LONG: Final = Silence("last_report_at", "lost_limit_s")

# An operator asked the run to stop, and no reporter is there to do so: shown as failed at once, stored by the sweep.
CANCELLED_BY_SILENCE: Final = ACTIVE & CANCEL_REQUESTED & NO_REPORT
# Stored by the sweep, and shown from then on.
LOST: Final = ACTIVE & ~CANCEL_REQUESTED & NO_REPORT_FOR_LONG

HEALTH: Final = {
    run_states.HEALTH_STALLED: ACTIVE & ~CANCEL_REQUESTED & NO_REPORT,
    run_states.HEALTH_HANGING: ACTIVE & ~NO_REPORT & NO_EVENT,
    run_states.HEALTH_OK: ACTIVE & ~NO_REPORT & ~NO_EVENT,
}


def health(run: Any, now: datetime) -> str | None:
    """`ok`, `stalled` or `hanging`; None for a run that is shown as finished."""
    return next((word for word, condition in HEALTH.items() if condition.holds(run, now)), None)


def cancelled_at(run: Any, now: datetime) -> datetime | None:
    """When an active run ended as cancelled although its reporter never said so; None if it did not."""
    if not CANCELLED_BY_SILENCE.holds(run, now):
        return None
    at: datetime = max(run.cancel_requested_at, run.last_report_at)
    return at


def displayed_state(run: Any, now: datetime) -> tuple[str, str | None, datetime | None]:
    """The run's state, failure reason and end as they are shown at `now`."""
    at = cancelled_at(run, now)
    if at is not None:
        return run_states.FAILED, run_states.CANCELLED, at
    return run.state, run.failure_reason, run.ended_at


def error_message(run: Any, reason: str | None) -> str | None:
    """Why a run failed as it is shown with this failure reason; None if nobody said so, or it has not failed.

    Of a run that its budget cancelled that is the limit. What its reporter said of the end is in the log.
    """
    if reason == run_states.CANCELLED and run.cancel_reason is not None:
        return f"Cancelled: {run.cancel_reason}."
    message: str | None = run.error_message
    return message


def is_shown_as(word: str, now: datetime) -> Q:
    """The condition on a run for a shown status, a health or a failure reason. Raises KeyError for another word."""
    by_word: dict[str, Q] = {run_states.SHOWN_STATUS[state]: Q(state=state) for state in run_states.RUN_STATES}
    by_word |= {reason: Q(state=run_states.FAILED, failure_reason=reason) for reason in run_states.FAILURE_REASONS}
    cancelled = CANCELLED_BY_SILENCE.q(now)
    for state in run_states.ACTIVE_STATES:
        by_word[run_states.SHOWN_STATUS[state]] &= ~cancelled
    for shown in (run_states.SHOWN_STATUS[run_states.FAILED], run_states.CANCELLED):
        by_word[shown] |= cancelled
    by_word |= {word: condition.q(now) for word, condition in HEALTH.items()}
    return by_word[word]
