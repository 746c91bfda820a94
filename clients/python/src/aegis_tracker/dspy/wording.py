"""What people read about an optimisation."""

from collections.abc import Mapping, Sized
from typing import Any

import dspy

INSTRUCTION_MAX_CHARACTERS = 300


def count(number: int, what: str) -> str:
    """`1 call`, `2 calls`."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def sizes(inputs: Mapping[str, Any]) -> str:
    """The data that an optimiser was given: ` with 56 training and 24 validation examples`."""
    named = [(inputs.get(name), what) for name, what in (("trainset", "training"), ("valset", "validation"))]
    given = [f"{len(examples)} {what}" for examples, what in named if isinstance(examples, Sized)]
    return f" with {' and '.join(given)} examples" if given else ""


def exception(error: object) -> str:
    """`Type: message`."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def program(what: object, *, tells_instructions: bool = True) -> str:
    """What is different from one candidate to the next: demonstrations and instructions, in brackets."""
    try:
        return _program(what, tells_instructions) if isinstance(what, dspy.Module) else ""
    except Exception:  # noqa: BLE001 - another version of DSPy, or other people's predictors
        return ""


def _program(module: Any, tells_instructions: bool) -> str:
    predictors = module.named_predictors()
    described = [
        (f"{name}: " if len(predictors) > 1 else "")
        + count(len(predictor.demos), "demonstration")
        + (f", instruction “{_cut(predictor.signature.instructions)}”" if tells_instructions else "")
        for name, predictor in predictors
    ]
    return f" ({'; '.join(described)})" if described else ""


def _cut(text: str) -> str:
    return text if len(text) <= INSTRUCTION_MAX_CHARACTERS else text[: INSTRUCTION_MAX_CHARACTERS - 1] + "…"
