"""Reading what a run used, by phase, model, role and currency."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from django.db import connection

from training_status.selected_columns import Selected


@dataclass(slots=True)
class ModelUsageSum:
    """The sums of one model in one role and phase, named as in `ModelUsage`."""

    phase: str
    model: str
    role: str
    currency: str
    calls: int
    cached_calls: int
    errors: int
    input_tokens: int
    output_tokens: int
    cached_input_tokens: int
    reasoning_tokens: int
    unpriced_calls: int
    cost: Decimal | None
    duration_ms: float


_SUM: Final = Selected(ModelUsageSum, "usage")
_OF_RUN: Final = f"SELECT {_SUM.columns} FROM training_status_modelusage AS usage WHERE run_id = %s ORDER BY id"


def model_usage_of_run(run_id: int) -> list[ModelUsageSum]:
    """Return the sums of a run, in the order in which they were first reported."""
    with connection.cursor() as cursor:
        cursor.execute(_OF_RUN, (run_id,))
        return [_SUM.instance(row) for row in cursor.fetchall()]
