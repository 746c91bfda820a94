"""The records of what an optimiser finds and uses, as a spool has them, and what can be sent in their place.

Candidates have parents and usage has sums, so these records are never dropped for want of room. Only the large parts
that nothing refers to are: programs, and the scores of examples.
"""

from typing import Any, Final

FINDING_TYPES: Final = frozenset({"candidate", "evaluation", "usage"})
PROGRAM_FIELDS: Final = ("predictors", "state")  # of a candidate, in the order in which they are left out
_EXAMPLE_FIELDS = ("example_scores", "example_ids")

Record = dict[str, Any]


class EncodedRecord(dict[str, Any]):
    """A record whose JSON text is known, so that a large one is written only once. It must not be changed."""

    def __init__(self, record: Record, text: str) -> None:
        super().__init__(record)
        self.text = text


def without_details(record: Record) -> Record:
    """A candidate without its program, an evaluation without the scores of its examples; others as they are."""
    left_out = [field for field in PROGRAM_FIELDS if field in record]
    kept = {field: value for field, value in record.items() if field not in (*PROGRAM_FIELDS, *_EXAMPLE_FIELDS)}
    if left_out:
        kept["omitted"] = [field for field in PROGRAM_FIELDS if field in (*left_out, *record.get("omitted", ()))]
    return kept


def without_parents(record: Record) -> Record:
    """A candidate without its parents."""
    return {field: value for field, value in record.items() if field != "parents"}


def nothing_new(record: Record) -> Record:
    """An event that every service takes, and that changes nothing: progress never goes back."""
    return {"type": "progress", "fraction": 0} | {
        field: value for field, value in record.items() if field in ("n", "timestamp", "higher_is_better")
    }
