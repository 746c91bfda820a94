"""Columns that several queries of runs share: limits, the forecast, and what is declared about metrics."""

from django.conf import settings

from training_status.forecast.stored_estimate import estimate_from_json
from training_status.jsonb import from_jsonb
from training_status.selected_columns import Column

# The domain's own limits or, without one, those of `limits_of_settings`.
STALL_LIMIT_S = Column("coalesce(domain.stall_limit_s, %(stall_limit_s)s)")
HANG_LIMIT_S = Column("coalesce(domain.hang_limit_s, %(hang_limit_s)s)")
LOST_LIMIT_S = Column("coalesce(domain.lost_limit_s, %(lost_limit_s)s)")

ESTIMATE = Column("(SELECT estimate FROM training_status_runforecast WHERE run_id = run.id)", estimate_from_json)

RESUMED_AT_SEQ = Column(name="given_up_seq")

# Whether a higher value of a metric is better, by its name: as the run says, else as its domain says.
DECLARED_DIRECTIONS = Column("domain.higher_is_better || run.higher_is_better", from_jsonb)


def limits_of_settings() -> dict[str, float]:
    """Return the limits of the settings as query parameters, in seconds."""
    return {
        "stall_limit_s": settings.STALL_LIMIT.total_seconds(),
        "hang_limit_s": settings.HANG_LIMIT.total_seconds(),
        "lost_limit_s": settings.LOST_LIMIT.total_seconds(),
    }
