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


def make_model(name: str, *, pace_s: float = 0.0) -> dspy.LM:
    """The model. Its cache is off: a cached answer is no work, and progress counts work."""
    callbacks = [Pace(pace_s)] if pace_s > 0 else []
    if name == STAND_IN:
        return dspy.LM(STAND_IN, engine=StandInEngine(), cache=False, callbacks=callbacks)
    return dspy.LM(name, cache=False, callbacks=callbacks)
