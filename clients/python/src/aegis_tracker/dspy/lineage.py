"""Where the programs of an optimiser come from: what they are made of, and by what kind of step."""

from collections.abc import Callable
from dataclasses import dataclass

from aegis_tracker.dspy.running_compile import frames

BOOTSTRAPPED, PROPOSED, REFLECTED, MERGED, OTHER = "bootstrapped", "proposed", "reflected", "merged", "other"

_ORIGINS = {
    "BootstrapFewShot": BOOTSTRAPPED,
    "BootstrapFewShotWithRandomSearch": BOOTSTRAPPED,
    "MIPROv2": PROPOSED,
    "COPRO": PROPOSED,
    "GEPA": REFLECTED,
    "SIMBA": REFLECTED,
}

Texts = dict[str, str]  # GEPA's candidates: the instruction of each predictor


@dataclass(frozen=True)
class Lineage:
    """`parents` are names of candidates. `texts` is how GEPA knows the program, if it is one of GEPA's."""

    origin: str
    parents: tuple[str | None, ...]
    texts: Texts | None = None


def origin_of(optimizer_kind: str) -> str:
    """That of the programs that an optimiser of DSPy's class of this name makes."""
    return _ORIGINS.get(optimizer_kind, OTHER)


def gepa_lineage(thread: int, name_of: Callable[[Texts], str | None]) -> Lineage:
    """Of the program whose evaluation starts in this thread, while GEPA compiles in another `thread`.

    Its variables say what the program was made of; `name_of` gives the names of such candidates. Where they cannot be
    read, nothing is known.
    """
    try:
        return _gepa_lineage(thread, name_of)
    except Exception:  # noqa: BLE001 - another version of GEPA
        return Lineage(REFLECTED, ())


def _gepa_lineage(thread: int, name_of: Callable[[Texts], str | None]) -> Lineage:
    texts: Texts | None = None
    for frame in frames(thread):
        name = frame.f_code.co_qualname
        if name == "DspyAdapter.evaluate" and texts is None:
            texts = dict(frame.f_locals["candidate"])
        elif name == "MergeProposer.propose":
            values = frame.f_locals
            merged = [values["state"].program_candidates[values[number]] for number in ("id1", "id2")]
            return Lineage(MERGED, tuple(map(name_of, merged)), texts)
        elif name == "ReflectiveMutationProposer.propose":
            children = [child for child in frame.f_locals.get("children", ()) if child is not None]
            parents = [child[0].parent_candidate for child in children if child[1] == texts]
            return Lineage(REFLECTED, tuple(map(name_of, parents)), texts)
    return Lineage(REFLECTED, (), texts)
