"""Find the noun phrases of a sentence: the runs of words between function words and verbs."""

import re
from dataclasses import dataclass

from domain_training.standin.lexicon import FUNCTION_WORDS, VERBS

_TOKEN = re.compile(r"[A-Za-z0-9][\w-]*|[.,;:()]")


@dataclass(frozen=True)
class Phrase:
    """A phrase as it stands in the text, and where."""

    text: str
    start: int
    end: int

    @property
    def head(self) -> str:
        """Its last word in lower case, which in English says what kind of thing it is."""
        return self.text.split()[-1].lower()


def noun_phrases(text: str) -> list[Phrase]:
    """Phrases in order of appearance."""
    phrases: list[Phrase] = []
    start = end = -1
    for token in [*_TOKEN.finditer(text), None]:
        if token is not None and _belongs_to_phrase(token.group()):
            start = token.start() if start < 0 else start
            end = token.end()
        elif start >= 0:
            phrases.append(Phrase(text[start:end], start, end))
            start = -1
    return phrases


def _belongs_to_phrase(word: str) -> bool:
    lower = word.lower()
    return lower[0].isalnum() and lower not in FUNCTION_WORDS and lower not in VERBS
