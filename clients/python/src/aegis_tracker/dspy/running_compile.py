"""Finds the `compile` of DSPy's own that is running for an optimiser.

A training may derive from an optimiser of DSPy's, decorate or replace its `compile`, or have a library do so. No
callback and no comparison of functions tells whether DSPy's own procedure is at work in the end. The stack does: a
function that runs is on it, whoever called it and however often it was wrapped.
"""

import sys
from collections import ChainMap
from collections.abc import Iterator, Mapping
from types import FrameType
from typing import Any


def first_class_of_dspy(optimizer: Any) -> type | None:
    """The class of DSPy's whose `compile` an optimiser has or overrides."""
    for kind in type(optimizer).__mro__:
        if kind.__module__.partition(".")[0] == "dspy" and "compile" in vars(kind):
            return kind
    return None


def find_running_compile(optimizer: Any, kind: type, thread: int) -> FrameType | None:
    """The frame of `kind.compile` for this optimiser: of the current thread, or of the one that compiles.

    An optimiser's worker threads ask for it as well, while the `thread` that compiles waits for them.
    """
    for frame in frames(thread):
        code = frame.f_code
        if (
            code.co_name == "compile"
            and code.co_qualname == f"{kind.__qualname__}.compile"
            and frame.f_globals.get("__name__") == kind.__module__
            and frame.f_locals.get(code.co_varnames[0]) is optimizer
        ):
            return frame
    return None


def variables_of(frame: FrameType) -> Mapping[str, Any]:
    """A running function's own variables, and those of its module."""
    return ChainMap(dict(frame.f_locals), frame.f_globals)


def frames(thread: int | None = None) -> Iterator[FrameType]:
    """The functions that run in the current thread, innermost first; then those of another `thread`."""
    for innermost in (sys._getframe(1), sys._current_frames().get(thread) if thread is not None else None):
        frame: FrameType | None = innermost
        while frame is not None:
            yield frame
            frame = frame.f_back
