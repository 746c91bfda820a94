"""Write instructions: as the proposer of MIPROv2 and as the reflecting model of GEPA."""

import json
import re

from domain_training.standin.hints import (
    ENTITY_HINTS,
    RELATION_HINTS,
    Hint,
    entity_hints_shown_by,
    heard_hints,
    read_cues,
    read_terms,
    relation_hints_shown_by,
    write_cue,
    write_terms,
)
from domain_training.standin.triples import Triple, find_triples, learn_cue

_TEXT = re.compile(r"""text["']?\s*[:=]\s*(?P<quote>["'])(?P<text>.+?)(?P=quote)[,})\n]|Text:\s*(?P<line>.+)""")
_ENTITY_LIST = re.compile(r"entities[\"']?\s*[:=]\s*\[(.*?)\]", re.I | re.DOTALL)
_MISSED = re.compile(r"Missing: (.*?)\.(?:\s|$)")
_NEW_TERMS_MAX = 3


def describe_examples(examples: str) -> str:
    """What a reader would have to know for these examples, as sentences."""
    return " ".join(hint.sentence for hint in _hints_shown_by(examples))


def propose_instruction(inputs: dict[str, str]) -> str:
    """A new instruction: the basic one with the advice that the description and the demonstrations call for.

    A tip to be brief leaves only the first piece of advice, one to be descriptive or creative takes them all;
    otherwise the demonstrations decide. So candidates differ, and not all of them are good.
    """
    basic, tip = inputs.get("basic_instruction", ""), inputs.get("tip", "")
    description = inputs.get("dataset_description", "")
    described = heard_hints(description, RELATION_HINTS) or heard_hints(description, ENTITY_HINTS)
    shown = _hints_shown_by(inputs.get("task_demos", ""))
    if "concise" in tip:
        hints = (shown or described)[:1]
    elif "descriptive" in tip or "creative" in tip:
        hints = described or shown
    else:
        hints = shown
    return " ".join([basic, *(hint.sentence for hint in hints)])


def improve_instruction(inputs: dict[str, str]) -> str:
    """The current instruction, with the first piece of advice that the feedback calls for and that it lacks;
    when it lacks none, with a few of the terms or cues that were missed."""
    instruction = inputs.get("current_instruction", "")
    examples = _examples_with_feedback(inputs.get("examples_with_feedback", "[]"))
    triples = [(text, find_triples(missed)) for text, missed in examples]
    if any(found for _, found in triples):
        hints, known = relation_hints_shown_by(triples), RELATION_HINTS
        cues = [cue for text, found in triples for triple in found if (cue := learn_cue(text, triple))]
        lessons = [write_cue(cue) for cue in dict.fromkeys(cues) if cue not in read_cues(instruction)]
    else:
        terms = [term for _, missed in examples for term in re.findall(r"`([^`]+)`", missed)]
        hints, known = entity_hints_shown_by(terms), ENTITY_HINTS
        new = [term for term in dict.fromkeys(terms) if term not in read_terms(instruction)]
        lessons = [write_terms([term]) for term in new]
    heard = heard_hints(instruction, known)
    lacking = [hint.sentence for hint in hints if hint not in heard]
    return " ".join([instruction, *(lacking[:1] or lessons[:_NEW_TERMS_MAX])])


def _hints_shown_by(examples: str) -> list[Hint]:
    if find_triples(examples):
        return relation_hints_shown_by(_texts_with_triples(examples))
    lists = _ENTITY_LIST.findall(examples)
    return entity_hints_shown_by(term for each in lists for term in re.findall(r"[\"']([^\"']+)[\"']", each))


def _texts_with_triples(examples: str) -> list[tuple[str, list[Triple]]]:
    """Each text with the relations that stand between it and the next text."""
    texts = list(_TEXT.finditer(examples))
    ends = [following.start() for following in texts[1:]] + [len(examples)]
    return [
        (found["text"] or found["line"], find_triples(examples[found.end() : end]))
        for found, end in zip(texts, ends, strict=True)
    ]


def _examples_with_feedback(value: str) -> list[tuple[str, str]]:
    """The text of each example, and what its feedback says is missing."""
    pairs = []
    for row in json.loads(value):
        missed = _MISSED.search(row["Feedback"])
        pairs.append((row["Inputs"].get("text", ""), missed.group(1) if missed else ""))
    return pairs
