"""What a forecast is based on: the linear formula, the shares of phases in other domains, or the domain's own runs.

And what is forecast beside the time: cost and tokens.
"""

from typing import Final

LINEAR: Final = "linear"
SHARES: Final = "shares"
HISTORY: Final = "history"
FORECAST_METHODS: Final = (LINEAR, SHARES, HISTORY)

COST: Final = "cost"
TOKENS: Final = "tokens"
FORECAST_AMOUNTS: Final = (COST, TOKENS)
