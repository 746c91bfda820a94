"""`higher_is_better` in requests: whether a higher or a lower value of a metric is better, by name."""

from collections.abc import Mapping
from typing import Annotated, Final

from msgspec import Meta

from training_status.ingest.json_input import refuse_larger

DIRECTIONS_MAX_BYTES: Final = 16 * 1024  # as for metrics

HigherIsBetter = Annotated[
    dict[str, bool],
    Meta(description="Whether a higher value of a metric is better (true) or a lower one (false), by its name."),
]


def check_directions(directions: Mapping[str, bool] | None, *, field: str) -> None:
    """Raise InvalidInput for more than 16 KiB. The type of the request has checked names and values."""
    if directions:
        refuse_larger(directions, DIRECTIONS_MAX_BYTES, field=field)
