"""What a forecast may be based on: the specified formula, the usual shares of all domains, or the domain's own runs."""

from typing import Final

LINEAR: Final = "linear"
SHARES: Final = "shares"
HISTORY: Final = "history"
FORECAST_METHODS: Final = (LINEAR, SHARES, HISTORY)
