"""Read the entities of a text."""

import json

from domain_training.standin.hints import ENTITY_HINTS, WHOLE_PHRASES, heard_hints, read_terms
from domain_training.standin.lexicon import HEADS_BY_KIND, MEDICAL_ENDINGS
from domain_training.standin.phrases import Phrase, noun_phrases
from domain_training.standin.prompt import Prompt

_SHOWN_KIND_MIN = 2
"""So many different members of a kind make a reader think that the whole kind is meant."""


def read_entities(prompt: Prompt) -> list[str]:
    """The entities of the prompt's text, as far as the instruction and demonstrations make them known."""
    terms = _taught_terms(prompt)
    heard = {hint.name for hint in heard_hints(prompt.instruction, ENTITY_HINTS)}
    whole = WHOLE_PHRASES in heard or any(" " in term for term in terms)
    heads = {term.split()[-1].lower() for term in terms}
    for kind in HEADS_BY_KIND:
        if kind in heard or len(heads & HEADS_BY_KIND[kind]) >= _SHOWN_KIND_MIN:
            heads = heads | HEADS_BY_KIND[kind]

    text = prompt.inputs.get("text", "")
    known = [term for term in terms if " of " in term and term in text]
    phrases = [phrase for phrase in noun_phrases(text) if not any(phrase.text in term for term in known)]
    read = known + [_quote(phrase, whole) for phrase in phrases if _is_medical(phrase, heads)]
    return sorted(dict.fromkeys(read), key=text.index)


def _taught_terms(prompt: Prompt) -> list[str]:
    terms = read_terms(prompt.instruction)
    for _, answer in prompt.demonstrations:
        terms += json.loads(answer.get("entities", "[]"))
    return [term for term in terms if term.strip()]


def _is_medical(phrase: Phrase, heads: set[str]) -> bool:
    return phrase.head in heads or phrase.head.endswith(MEDICAL_ENDINGS)


def _quote(phrase: Phrase, whole: bool) -> str:
    return phrase.text if whole else phrase.text.split()[-1]
