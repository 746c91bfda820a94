"""How long is waited for the database: by requests, for which somebody waits in turn, and by commands."""

import sys
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Patience:
    """Limits in seconds; None: none.

    `connect_s`: for a new connection, starting the embedded server included. `ask_after_s`: so long an answer may take
    before it is asked whether the server answers at all, which it then has `answer_s` for. `query_s`: for any one
    query, be the server there or not.
    """

    connect_s: float | None
    ask_after_s: float
    answer_s: float
    query_s: float | None


# A request waits three seconds at most for a database that is not there.
OF_REQUESTS: Final = Patience(connect_s=3.0, ask_after_s=1.0, answer_s=2.0, query_s=60.0)
OF_COMMANDS: Final = Patience(connect_s=None, ask_after_s=5.0, answer_s=10.0, query_s=None)
_SAY_AFTER_S: Final = 3.0

_patience = OF_COMMANDS


def patience() -> Patience:
    """The limits of this process."""
    return _patience


def serve_requests() -> None:
    """From here on this process answers requests."""
    global _patience
    _patience = OF_REQUESTS


def outcome_of(outcome: "Future[T]", what: str, limit_s: float | None) -> T:
    """What comes out within `limit_s`, else TimeoutError. Without a limit it is said what is waited for."""
    try:
        return outcome.result(_SAY_AFTER_S if limit_s is None else limit_s)
    except TimeoutError:
        if limit_s is not None or outcome.done():  # what has come out may be such an error, too
            raise
    print(f"Waiting for {what} …", file=sys.stderr, flush=True)  # noqa: T201 (to the terminal of a command)
    return outcome.result()
