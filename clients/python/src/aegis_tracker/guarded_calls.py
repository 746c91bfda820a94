"""Decorators for the calls of a tracker: what goes wrong in them is said, and never reaches the training."""

import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec, Protocol, TypeVar


class Guarded(Protocol):
    """What has such calls."""

    def _could_not_record(self, call: str, error: Exception) -> None:
        """Warn that a call failed."""

    def _raise_if_cancelled(self) -> None:
        """Raise TrainingCancelled if the training wants that."""


_Self = TypeVar("_Self", bound=Guarded)
_Parameters = ParamSpec("_Parameters")


def never_raises(
    report: Callable[Concatenate[_Self, _Parameters], None],
) -> Callable[Concatenate[_Self, _Parameters], None]:
    """Turn exceptions of a report into warnings: they must not reach the training."""

    @functools.wraps(report)
    def guarded(self: _Self, /, *args: _Parameters.args, **kwargs: _Parameters.kwargs) -> None:
        try:
            report(self, *args, **kwargs)
        except Exception as error:  # noqa: BLE001 - see the docstring
            self._could_not_record(report.__name__, error)

    return guarded


def raises_only_cancelled(
    report: Callable[Concatenate[_Self, _Parameters], None],
) -> Callable[Concatenate[_Self, _Parameters], None]:
    """A report raises only TrainingCancelled, with `raise_on_cancel`, after it was recorded."""
    guarded = never_raises(report)

    @functools.wraps(report)
    def cancellable(self: _Self, /, *args: _Parameters.args, **kwargs: _Parameters.kwargs) -> None:
        guarded(self, *args, **kwargs)
        self._raise_if_cancelled()

    return cancellable
