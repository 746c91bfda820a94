"""Read the relations of a text."""

import json
import re
from itertools import pairwise

from domain_training.standin.hints import (
    DIRECTION,
    MEMBERS,
    PREDICATES,
    RELATION_HINTS,
    heard_hints,
    read_cues,
)
from domain_training.standin.phrases import Phrase, noun_phrases
from domain_training.standin.prompt import Prompt
from domain_training.standin.triples import Cue, Triple, learn_cue, normal_words

PLAIN_CUES = ("treats", "causes", "prevents", "relieves", "controls", "detects", "confirms")
"""Verbs that a reader who was told nothing takes for a relation, and for its predicate."""

IDIOMS = (
    ("relieves", "treats"), ("controls", "treats"), ("treats", "treats"), ("is used to treat", "treats"),
    ("is prescribed for", "treats"), ("causes", "causes"), ("leads to", "causes"), ("can trigger", "causes"),
    ("prevents", "prevents"), ("protects against", "prevents"), ("detects", "diagnoses"),
    ("confirms", "diagnoses"), ("contraindicates", "contraindicates"), ("is a symptom of", "symptom_of"),
)  # fmt: skip
"""Words that a reader who was told the predicates, or shown this one, can match with one of them."""

PASSIVES = (
    ("is treated with", "treats"), ("is caused by", "causes"), ("results from", "causes"),
    ("is diagnosed by", "diagnoses"), ("is contraindicated in", "contraindicates"),
    ("presents with", "symptom_of"),
)  # fmt: skip
"""Words whose subject stands on the right, known to a reader who was told to mind the direction, or shown."""


def read_relations(prompt: Prompt) -> list[dict[str, str]]:
    """The relations of the prompt's text, as far as the instruction and demonstrations make them known."""
    heard = {hint.name for hint in heard_hints(prompt.instruction, RELATION_HINTS)}
    answers = [(inputs.get("text", ""), _answered(answer)) for inputs, answer in prompt.demonstrations]
    cues = _known_cues(heard, read_cues(prompt.instruction), answers)
    takes_members = MEMBERS in heard or any(len(triples) > 1 for _, triples in answers)
    relations = []
    for left, cue, right in _clauses(prompt.inputs.get("text", ""), cues, takes_members):
        subjects, targets = (right, left) if cue.reversed else (left, right)
        relations += [
            {"subject": subject.text, "predicate": cue.predicate, "object": target.text}
            for subject in subjects
            for target in targets
        ]
    return relations


def _answered(answer: dict[str, str]) -> list[Triple]:
    return [Triple(**row) for row in json.loads(answer.get("relations", "[]"))]


def _known_cues(heard: set[str], taught: list[Cue], answers: list[tuple[str, list[Triple]]]) -> dict[str, Cue]:
    """Cues by their words; what a prompt teaches replaces what the reader believed before."""
    learnt = [cue for text, triples in answers for triple in triples if (cue := learn_cue(text, triple))]
    shown = {(cue.predicate, cue.reversed) for cue in taught + learnt}
    cues = {words: Cue(words, words, False) for words in PLAIN_CUES}
    for words, predicate in IDIOMS:
        if PREDICATES in heard or (predicate, False) in shown:
            cues[words] = Cue(words, predicate, False)
    for words, predicate in PASSIVES:
        if DIRECTION in heard or (predicate, True) in shown:
            cues[words] = Cue(words, predicate, True)
    return cues | {cue.words: cue for cue in taught + learnt}


def _clauses(text: str, cues: dict[str, Cue], takes_members: bool) -> list[tuple[list[Phrase], Cue, list[Phrase]]]:
    """The places where a cue stands between two phrases, with the phrases (or enumerations) beside it."""
    phrases = noun_phrases(text)
    clauses = []
    for i, (left, right) in enumerate(pairwise(phrases)):
        cue = cues.get(" ".join(normal_words(text[left.end : right.start])))
        if cue is None:
            continue
        lefts, rights = [left], [right]
        if takes_members:
            lefts += _joined(text, phrases[i::-1])
            rights += _joined(text, phrases[i + 1 :])
        clauses.append((lefts, cue, rights))
    return clauses


def _joined(text: str, phrases: list[Phrase]) -> list[Phrase]:
    """The phrases that follow the first one, reading away from it, joined by nothing but "and" or "or"."""
    joined = []
    for one, next_one in pairwise(phrases):
        first, second = sorted((one, next_one), key=lambda phrase: phrase.start)
        if not re.fullmatch(r"\s+(and|or)\s+", text[first.end : second.start]):
            break
        joined.append(next_one)
    return joined
