"""Reading which candidates of a run came from which, as far as a page can show it."""

from dataclasses import dataclass
from typing import Final

import msgspec

from training_status.read.candidates import CandidateList, CandidateScore

CANDIDATES_READ_MAX: Final = 10_000
CANDIDATES_MAX: Final = 2_000
_NAMES_MAX_BYTES: Final = 120_000  # of all together: with long names there are fewer candidates


@dataclass(slots=True)
class Lineage:
    """Candidates in the order in which they were reported; the parents of each are among them.

    `child_counts` counts all children of each, shown or not. The line of the best candidate is never left out: `best`
    is its name, None if none was evaluated. `total` counts all candidates.
    """

    candidates: list[CandidateScore]
    child_counts: list[int]
    best: str | None
    total: int


def lineage(run_id: int, metric: str | None, *, lower_is_better: bool) -> Lineage:
    """Return the candidates of a run, or of a large one those with the best scores and all that they came from."""
    found = CandidateList(run_id, metric, lower_is_better=lower_is_better, order="score")
    by_score = found.part(0, CANDIDATES_READ_MAX)
    total = len(by_score) if len(by_score) < CANDIDATES_READ_MAX else found.count()
    by_name = {candidate.name: candidate for candidate in by_score}
    children = dict.fromkeys(by_name, 0)
    for candidate in by_score:
        for parent in candidate.parents:
            if parent in children:
                children[parent] += 1
    shown = sorted(_with_ancestors(by_score, by_name), key=lambda candidate: (candidate.number or 0, candidate.name))
    best = by_score[0].name if by_score and by_score[0].score is not None else None
    return Lineage(shown, [children[candidate.name] for candidate in shown], best, total)


def _with_ancestors(by_score: list[CandidateScore], by_name: dict[str, CandidateScore]) -> list[CandidateScore]:
    shown: dict[str, CandidateScore] = {}
    left = _NAMES_MAX_BYTES
    for candidate in by_score:
        line = {candidate.name: candidate}
        waiting = [candidate]
        while waiting:
            for parent in waiting.pop().parents:
                if parent in by_name and parent not in line and parent not in shown:
                    line[parent] = by_name[parent]
                    waiting.append(by_name[parent])
        line = {name: one for name, one in line.items() if name not in shown}
        left -= sum(len(msgspec.json.encode(name)) for name in line)
        if shown and (left < 0 or len(shown) + len(line) > CANDIDATES_MAX):
            break
        shown |= line
    return list(shown.values())
