"""What an optimisation has produced, as plain data."""

from typing import Any, TypedDict

import dspy
from pydantic import BaseModel


class ProgramPrompt(TypedDict):
    """All that makes a program's prompt: the instruction and the demonstrations with inputs and answers."""

    instruction: str
    demonstrations: list[dict[str, Any]]


def extract_prompt(program: dspy.Predict) -> ProgramPrompt:
    """The prompt of a program, ready for JSON."""
    fields = (*program.signature.input_fields, *program.signature.output_fields)
    return {
        "instruction": program.signature.instructions,
        "demonstrations": [
            {field: _plain(demonstration[field]) for field in fields if field in demonstration}
            for demonstration in program.demos
        ],
    }


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump()
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value
