"""The candidates of one run: programs that were reported, each once, by their content."""

import threading
from collections.abc import Sequence
from typing import Any, Protocol

from aegis_tracker.dspy.program_content import content_of, digest_of

NAME_MAX_CHARACTERS = 200


class ReportsCandidates(Protocol):
    """What is needed of a tracker."""

    def candidate(
        self,
        name: str,
        *,
        parents: Sequence[str] = (),
        origin: str = "other",
        predictors: dict[str, Any] | None = None,
        state: dict[str, Any] | None = None,
        send_texts: bool | None = None,
    ) -> None: ...


class FoundCandidates:
    """Reports programs that are new. Used by all threads of an optimiser.

    The name of a candidate is a digest of all that is reported of it. So a process that continues a run gives the same
    candidate the same name, and never another one.
    """

    def __init__(self, tracker: ReportsCandidates) -> None:
        self._tracker = tracker
        self._lock = threading.RLock()
        self._names: dict[str, str] = {}  # by the digest of the content
        self._instructions: dict[str, dict[str, Any]] = {}  # of predictors, by the name of the candidate
        self._structures: set[tuple[str, ...]] = set()  # the names of predictors, and what they are about

    def name_of(
        self, program: Any, origin: str, parents: Sequence[str | None] = (), *, send_texts: bool | None = None
    ) -> str:
        """The name of the candidate, which is reported if it is new."""
        content = content_of(program)
        if content is None:
            return _name_of_callable(program)
        with self._lock:
            known = self._names.get(content.digest)
            if known is not None:
                return known
            plain_parents = [parent for parent in dict.fromkeys(parents) if parent is not None]
            said = {"origin": origin, "parents": plain_parents, "content": content.digest, "state": content.state}
            name = digest_of(said)
            self._tracker.candidate(
                name,
                parents=plain_parents,
                origin=origin,
                predictors=content.predictors,
                state=content.state,
                send_texts=send_texts,
            )
            self._names[content.digest] = name
            self._instructions[name] = content.instructions
            self._structures.add(_structure(program))
            return name

    def has_structure_of(self, program: Any) -> bool:
        """Whether a program with the same predictors was reported."""
        return _structure(program) in self._structures

    def instructions(self, name: str | None) -> dict[str, Any] | None:
        """Those of a candidate that was reported here, by predictor."""
        return self._instructions.get(name) if name is not None else None


def _structure(program: Any) -> tuple[str, ...]:
    try:
        return tuple(
            f"{name}: {' '.join(predictor.signature.fields)}" for name, predictor in program.named_predictors()
        )
    except Exception:  # noqa: BLE001 - no program, or predictors of another kind
        return (type(program).__qualname__,)


def _name_of_callable(program: Any) -> str:
    name = getattr(program, "__qualname__", None) or type(program).__qualname__
    return str(name)[:NAME_MAX_CHARACTERS]
