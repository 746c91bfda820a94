"""`higher_is_better` in requests: whether a higher or a lower value of a metric is better, by name."""

from typing import Any, Final

from training_status.errors import InvalidInput
from training_status.ingest.json_input import refuse_larger

DIRECTIONS_MAX_BYTES: Final = 16 * 1024  # as for metrics

# The values are checked below, because msgspec would not name the metric. The OpenAPI document has a schema for it.
HigherIsBetter = dict[str, Any]


def check_directions(directions: HigherIsBetter | None, *, field: str, max_bytes: int = DIRECTIONS_MAX_BYTES) -> None:
    """Raise InvalidInput unless all values are true or false, and for more than `max_bytes` in all."""
    if not directions:
        return
    for name, value in directions.items():
        if not isinstance(value, bool):
            raise InvalidInput(f"{field}.{name} must be true or false.", field=f"{field}.{name}")
    refuse_larger(directions, max_bytes, field=field)
