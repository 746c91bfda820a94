"""The language model of a training: the offline stand-in, or any that DSPy knows by name."""

import time
from typing import Any

import dspy
from dspy.utils.callback import BaseCallback

from domain_training.standin.engine import StandInEngine

STAND_IN = "stand-in"


class Pace(BaseCallback):
    """Waits before each model call, so that a person can watch."""

    def __init__(self, delay_s: float) -> None:
        self._delay_s = delay_s

    def on_lm_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        time.sleep(self._delay_s)


class PricedStandIn(dspy.LM):
    """The stand-in at a price in US dollars for a million tokens, so that there is a cost to see."""

    def __init__(self, price: float, **settings: Any) -> None:
        super().__init__(STAND_IN, engine=StandInEngine(), **settings)
        self._price = price

    def update_history(self, entry: dict[str, Any]) -> None:
        """DSPy keeps a call; it knows the cost of models of real providers only."""
        entry["cost"] = entry["usage"].get("total_tokens", 0) * self._price / 1_000_000
        super().update_history(entry)


def make_model(name: str, *, pace_s: float = 0.0, price: float | None = None) -> dspy.LM:
    """The model. Its cache is off: a cached answer is no work, and progress counts work.

    `price` is that of the stand-in. Without one its cost is not known.
    """
    callbacks = [Pace(pace_s)] if pace_s > 0 else []
    if name == STAND_IN and price is not None:
        return PricedStandIn(price, cache=False, callbacks=callbacks)
    if name == STAND_IN:
        return dspy.LM(STAND_IN, engine=StandInEngine(), cache=False, callbacks=callbacks)
    return dspy.LM(name, cache=False, callbacks=callbacks)
