"""What a program is made of: its instructions and demonstrations, and its state as DSPy saves it."""

from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import dspy
import orjson

from aegis_tracker.dspy.callback_support import dependency_versions

_NOT_OF_THE_PROGRAM = ("traces", "train", "lm")  # what DSPy keeps beside it, and what answers it

Predictors = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class ProgramContent:
    """`digest` is the same for programs with the same instructions and demonstrations.

    `state` is what `program.save("program.json")` would write, or None for a program that DSPy cannot save so.
    """

    digest: str
    predictors: Predictors
    state: dict[str, Any] | None

    @property
    def instructions(self) -> dict[str, Any]:
        """Those of its predictors, by name."""
        return {name: predictor["instruction"] for name, predictor in self.predictors.items()}


def content_of(program: Any) -> ProgramContent | None:
    """None for what is no program of DSPy's, such as a function."""
    if not isinstance(program, dspy.Module):
        return None
    state = program.dump_state()
    try:
        state = orjson.loads(orjson.dumps(state))
        saved = state | {"metadata": {"dependency_versions": dependency_versions()}}
    except TypeError:  # values that JSON does not have, which `save` would refuse
        state, saved = orjson.loads(orjson.dumps(state, default=_described, option=orjson.OPT_NON_STR_KEYS)), None
    parameters = _parameters(program, state)
    return ProgramContent(_digest(parameters), _predictors(program, parameters), saved)


def digest_of(value: Any) -> str:
    """A short name for a value of JSON."""
    return blake2b(orjson.dumps(value, option=orjson.OPT_SORT_KEYS), digest_size=6).hexdigest()


def _parameters(program: Any, state: dict[str, Any]) -> dict[str, Any]:
    """The state of each parameter by its name. The state of a predictor that is the whole program has no names."""
    names = [name for name, _ in program.named_parameters()]
    return {names[0]: state} if len(names) == 1 and names[0] not in state else state


def _digest(parameters: dict[str, Any]) -> str:
    return digest_of({name: _of_the_program(parameter) for name, parameter in parameters.items()})


def _of_the_program(parameter: Any) -> Any:
    if not isinstance(parameter, dict):
        return parameter
    return {key: value for key, value in parameter.items() if key not in _NOT_OF_THE_PROGRAM}


def _predictors(program: Any, parameters: dict[str, Any]) -> Predictors:
    return {
        name: {
            "instruction": predictor.signature.instructions,
            "demonstrations": [demo for demo in parameters[name]["demos"] if isinstance(demo, dict)],
        }
        for name, predictor in program.named_predictors()
        if name in parameters
    }


def _described(value: object) -> str:
    """For a digest: the same for equal values, as far as a text can say it."""
    try:
        return f"{type(value).__qualname__}: {value}"
    except Exception:  # noqa: BLE001 - other people's code
        return type(value).__qualname__
