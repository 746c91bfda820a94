"""Advice: what the stand-in heeds when an instruction says it, and what it writes as a proposer.

One table serves both sides, as in a real model, which can follow the advice that it can give.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from domain_training.standin.lexicon import HEADS_BY_KIND
from domain_training.standin.triples import Cue, Triple

WHOLE_PHRASES = "whole phrases"
PREDICATES = "predicates"
DIRECTION = "direction"
MEMBERS = "members"


@dataclass(frozen=True)
class Hint:
    """A piece of advice: the sentence that gives it and the words by which it is heard in an instruction."""

    name: str
    sentence: str
    heard: re.Pattern[str]


ENTITY_HINTS: tuple[Hint, ...] = (
    Hint(
        WHOLE_PHRASES,
        "Copy the whole phrase with its modifiers, not only its last word.",
        re.compile(r"(whole|full|complete) (noun )?phrase|multi-?word|modifiers", re.I),
    ),
    *(Hint(kind, f"Include {kind}.", re.compile(rf"\b{kind[:-1]}s?\b", re.I)) for kind in HEADS_BY_KIND),
)
RELATION_HINTS: tuple[Hint, ...] = (
    Hint(
        PREDICATES,
        "Use only these predicates: treats, causes, prevents, diagnoses, contraindicates, symptom_of.",
        re.compile(r"symptom_of|contraindicates", re.I),
    ),
    Hint(
        DIRECTION,
        "Mind the direction: in a passive sentence the subject of the relation stands on the right.",
        re.compile(r"passive|direction", re.I),
    ),
    Hint(
        MEMBERS,
        "Write a relation of its own for each member of an enumeration joined by 'and' or 'or'.",
        re.compile(r"each member|enumerat|joined by", re.I),
    ),
)

_TERM = re.compile(r"`([^`]+)`")
_CUE = re.compile(r"`([^`]+)` means (\w+), (left to right|right to left)")


def heard_hints(instruction: str, hints: Iterable[Hint]) -> list[Hint]:
    """The hints that an instruction gives, in its own words or ours."""
    return [hint for hint in hints if hint.heard.search(instruction)]


def entity_hints_shown_by(entities: Iterable[str]) -> list[Hint]:
    """The hints a reader would need in order to find these entities."""
    entities = list(entities)
    heads = {entity.split()[-1].lower() for entity in entities}
    needed = {kind for kind in HEADS_BY_KIND if heads & HEADS_BY_KIND[kind]}
    if any(" " in entity for entity in entities):
        needed.add(WHOLE_PHRASES)
    return [hint for hint in ENTITY_HINTS if hint.name in needed]


def relation_hints_shown_by(examples: Iterable[tuple[str, list[Triple]]]) -> list[Hint]:
    """The hints a reader would need in order to find these relations in these texts."""
    needed = set()
    for text, triples in examples:
        if triples:
            needed.add(PREDICATES)
        if any(text.find(triple.subject) > text.find(triple.object) for triple in triples):
            needed.add(DIRECTION)
        if len({triple.predicate for triple in triples}) < len(triples):
            needed.add(MEMBERS)
    return [hint for hint in RELATION_HINTS if hint.name in needed]


def write_terms(terms: Iterable[str]) -> str:
    """A sentence by which an instruction teaches entities."""
    return "Terms to know: " + ", ".join(f"`{term}`" for term in terms) + "."


def read_terms(instruction: str) -> list[str]:
    """The terms an instruction teaches."""
    return _TERM.findall(instruction)


def write_cue(cue: Cue) -> str:
    """A sentence by which an instruction teaches what words mean."""
    return f"`{cue.words}` means {cue.predicate}, {'right to left' if cue.reversed else 'left to right'}."


def read_cues(instruction: str) -> list[Cue]:
    """What an instruction teaches about the meaning of words."""
    return [Cue(words, predicate, way == "right to left") for words, predicate, way in _CUE.findall(instruction)]
