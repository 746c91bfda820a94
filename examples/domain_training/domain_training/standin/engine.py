"""The stand-in as a DSPy engine: `dspy.LM(name, engine=StandInEngine())`."""

import json
from collections.abc import Iterator

from dspy.lm15 import Message, Request, Response, TextPart, Usage, response_to_events

from domain_training.standin.advice import describe_examples, improve_instruction, propose_instruction
from domain_training.standin.entities import read_entities
from domain_training.standin.prompt import Prompt, parse_prompt
from domain_training.standin.relations import read_relations


class StandInEngine:
    """Answers by rules, from the text of the request alone: the same request always gets the same answer."""

    def complete(self, request: Request) -> Response:
        """One answer to one request."""
        system = request.system or ""
        if not isinstance(system, str):
            system = "".join(part.text for part in system)
        prompt = parse_prompt(system, [(message.role, message.text or "") for message in request.messages])
        text = write_answer(prompt)
        asked, answered = (
            count_tokens(system, *(message.text or "" for message in request.messages)),
            count_tokens(text),
        )
        return Response(
            id=None,
            model=request.model,
            message=Message.assistant([TextPart(text)]),
            finish_reason="stop",
            usage=Usage(input_tokens=asked, output_tokens=answered, total_tokens=asked + answered),
        )

    def stream(self, request: Request) -> Iterator[object]:
        """The same answer as events."""
        return iter(response_to_events(self.complete(request)))

    def close(self) -> None:
        """Nothing is held open."""


def count_tokens(*texts: str) -> int:
    """The stand-in's tokens: words, as spaces and line ends separate them."""
    return sum(len(text.split()) for text in texts)


def write_answer(prompt: Prompt) -> str:
    """The answer in the form that the prompt asks for."""
    if not prompt.outputs:
        return "Ready."
    fields = {name: _answer_field(name, prompt) for name in prompt.outputs}
    if prompt.wants_json:
        return json.dumps(fields)
    blocks = [
        f"[[ ## {name} ## ]]\n{value if isinstance(value, str) else json.dumps(value)}"
        for name, value in fields.items()
    ]
    return "\n\n".join([*blocks, "[[ ## completed ## ]]"])


def _answer_field(name: str, prompt: Prompt) -> object:
    match name:
        case "entities":
            return read_entities(prompt)
        case "relations":
            return read_relations(prompt)
        case "proposed_instruction":
            return propose_instruction(prompt.inputs)
        case "new_instruction":
            return improve_instruction(prompt.inputs)
        case "observations":
            return describe_examples(prompt.inputs.get("examples", "")) or "COMPLETE"
        case "summary":
            return prompt.inputs.get("observations", "")
        case _:
            return "The task is to extract what a text says, in a fixed form."
