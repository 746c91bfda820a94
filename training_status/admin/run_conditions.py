"""The shown states and healths as conditions on stored facts: what `TrainingStatusSerializer` says, for a whole table.

A test compares the two. Silence is a matter of the clock, so each is for one `now`.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import DateTimeField, DurationField, ExpressionWrapper, F, FloatField, Q, Value
from django.db.models.functions import Coalesce

from training_status import run_states


def run_is(word: str, now: datetime) -> Q:
    """The condition on a run for a shown status, a health or a failure reason. Raises KeyError for another word."""
    active = Q(state__in=sorted(run_states.ACTIVE_STATES))
    silent = Q(last_report_at__lte=_ago("stall_limit_s", settings.STALL_LIMIT, now))
    eventless = Q(last_event_at__lte=_ago("hang_limit_s", settings.HANG_LIMIT, now))
    asked_to_stop = Q(cancel_requested_at__isnull=False)
    given_up = active & asked_to_stop & silent
    goes_on = Q(cancel_requested_at__isnull=True) | ~silent
    conditions = {
        run_states.SHOWN_STATUS[run_states.PENDING]: Q(state=run_states.PENDING) & goes_on,
        run_states.SHOWN_STATUS[run_states.RUNNING]: Q(state=run_states.RUNNING) & goes_on,
        run_states.SHOWN_STATUS[run_states.COMPLETED]: Q(state=run_states.COMPLETED),
        run_states.SHOWN_STATUS[run_states.FAILED]: Q(state=run_states.FAILED) | given_up,
        run_states.HEALTH_OK: active & ~silent & ~eventless,
        run_states.HEALTH_STALLED: active & silent & ~asked_to_stop,
        run_states.HEALTH_HANGING: active & ~silent & eventless,
        **{reason: Q(state=run_states.FAILED, failure_reason=reason) for reason in run_states.FAILURE_REASONS},
    }
    conditions[run_states.CANCELLED] |= given_up
    return conditions[word]


def _ago(limit_of_domain: str, default: timedelta, now: datetime) -> ExpressionWrapper:
    """The moment that lies a domain's limit, or the setting's, before `now`."""
    limit_s = Coalesce(F(f"domain__{limit_of_domain}"), Value(default.total_seconds()), output_field=FloatField())
    limit = ExpressionWrapper(limit_s * Value(timedelta(seconds=1)), output_field=DurationField())
    return ExpressionWrapper(Value(now, output_field=DateTimeField()) - limit, output_field=DateTimeField())
