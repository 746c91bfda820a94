"""Take a prompt apart as DSPy's chat and JSON adapters write it."""

import re
from dataclasses import dataclass
from itertools import pairwise

_FIELD = re.compile(r"\[\[ ## (\w+) ## \]\]\n?")
_OBJECTIVE = re.compile(r"your objective is:\s*(.*)", re.DOTALL)
_REQUEST = re.compile(r"\n\nRespond with (a JSON object|the corresponding output fields)(.*)", re.DOTALL)


@dataclass(frozen=True)
class Prompt:
    """What a prompt asks: the instruction, the demonstrations (inputs and answers), the inputs of the
    question, the names of the fields to answer, and whether to answer in JSON."""

    instruction: str
    demonstrations: tuple[tuple[dict[str, str], dict[str, str]], ...]
    inputs: dict[str, str]
    outputs: tuple[str, ...]
    wants_json: bool


def parse_prompt(system: str, messages: list[tuple[str, str]]) -> Prompt:
    """Parse a system text and `(role, text)` messages. Text without DSPy's markers gives empty fields."""
    objective = _OBJECTIVE.search(system)
    question = messages[-1][1]
    request = _REQUEST.search(question)
    return Prompt(
        instruction=objective.group(1).strip() if objective else system,
        demonstrations=tuple(
            (_fields(user), _fields(answer))
            for (role, user), (next_role, answer) in pairwise(messages)
            if role == "user" and next_role == "assistant"
        ),
        inputs=_fields(question[: request.start()] if request else question),
        outputs=_requested_fields(request.group(2)) if request else (),
        wants_json=bool(request and "JSON" in request.group(1)),
    )


def _fields(text: str) -> dict[str, str]:
    pieces = _FIELD.split(text)
    names, values = pieces[1::2], pieces[2::2]
    return {name: value.strip() for name, value in zip(names, values, strict=True) if name != "completed"}


def _requested_fields(request: str) -> tuple[str, ...]:
    named = re.findall(r"`(?:\[\[ ## )?(\w+)(?: ## \]\])?`", request)
    return tuple(name for name in named if name != "completed")
