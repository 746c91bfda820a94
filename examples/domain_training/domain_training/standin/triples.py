"""Read relations back out of a prompt, and the words that express them."""

import re
from typing import NamedTuple

from domain_training.standin.lexicon import FUNCTION_WORDS

_TRIPLE = re.compile(
    r"""subject["']?\s*[:=]\s*["'](?P<subject>[^"']+)["'],\s*"""
    r"""["']?predicate["']?\s*[:=]\s*["'](?P<predicate>\w+)["'],\s*"""
    r"""["']?object["']?\s*[:=]\s*["'](?P<object>[^"']+)["']"""
)
_SKIPPED_IN_CUES = frozenset(["often", "usually", "quickly"])
_CUE_MAX_WORDS = 6


class Triple(NamedTuple):
    """A relation."""

    subject: str
    predicate: str
    object: str


class Cue(NamedTuple):
    """Words between two entities that mean a relation; `reversed` when the subject stands on the right."""

    words: str
    predicate: str
    reversed: bool


def find_triples(text: str) -> list[Triple]:
    """All relations written in a text, be it as JSON or as Python."""
    return [Triple(**match.groupdict()) for match in _TRIPLE.finditer(text)]


def learn_cue(text: str, triple: Triple) -> Cue | None:
    """The words of a text that express a relation, or None when too much stands between its two ends."""
    subject, target = text.find(triple.subject), text.find(triple.object)
    if subject < 0 or target < 0 or subject == target:
        return None
    if subject < target:
        between = text[subject + len(triple.subject) : target]
    else:
        between = text[target + len(triple.object) : subject]
    words = normal_words(between)
    if not words or len(words) > _CUE_MAX_WORDS or words[0] in {"and", "or", "but"} or "and" in words:
        return None
    if all(word in FUNCTION_WORDS for word in words):
        return None
    return Cue(" ".join(words), triple.predicate, subject > target)


def normal_words(text: str) -> list[str]:
    """The words of a text in lower case, without adverbs that change nothing."""
    return [word for word in re.findall(r"[\w-]+", text.lower()) if word not in _SKIPPED_IN_CUES]
