"""How long to wait before the service is asked again."""

import random

BACKOFF_MIN_S = 0.5
BACKOFF_MAX_S = 30.0
RETRY_AFTER_MAX_S = 300.0  # a service that asks for more is asked again after this


class Backoff:
    """Waits that double up to 30 s, with jitter, so that many reporters do not come back at once."""

    def __init__(self) -> None:
        self.failures = 0

    def after_failure(self, asked_for_s: float | None) -> float:
        """Seconds to wait now; what the service asked for goes first, unless that is not to wait at all."""
        self.failures += 1
        if asked_for_s is not None and asked_for_s > 0:
            return min(max(asked_for_s, BACKOFF_MIN_S), RETRY_AFTER_MAX_S)
        longest = min(BACKOFF_MIN_S * 2 ** min(self.failures - 1, 10), BACKOFF_MAX_S)
        return longest * random.uniform(0.5, 1.0)  # noqa: S311 - spreads reporters, guards nothing

    def success(self) -> None:
        """The service answered well."""
        self.failures = 0
