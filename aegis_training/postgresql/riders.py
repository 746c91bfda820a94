"""Statements that ride with a COMMIT: carried out right after it, in the same message to the server.

A round trip of its own costs a writer several times what a small statement costs the server.
"""

from abc import ABC, abstractmethod

from psycopg import Connection, errors, generators
from psycopg.pq import ExecStatus

_SUCCEEDED = (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK)


class Rider(ABC):
    """A callback for `on_commit` that may ride. It is called after the commit in any case."""

    @abstractmethod
    def board(self) -> str | None:
        """Called right before the COMMIT: the statement, which takes no parameters; None to stay behind."""

    @abstractmethod
    def arrive(self, *, succeeded: bool) -> None:
        """Called once after `board` has given a statement: whether it was carried out."""

    @abstractmethod
    def __call__(self) -> None:
        """Called when the transaction has been committed."""


def commit_with(connection: Connection, riders: list[tuple[Rider, str]]) -> None:
    """COMMIT, and what rides with it: each of these a transaction of its own, the first that fails ends the ride.

    Raises psycopg's error where the COMMIT fails; nothing is raised for a statement behind it.
    """
    carried_out = 0
    try:
        connection.pgconn.send_query("; ".join(["COMMIT", *(statement for _, statement in riders)]).encode())
        committed, *results = connection.wait(generators.execute(connection.pgconn))
        if committed.status not in _SUCCEEDED:
            raise errors.error_from_result(committed)
        carried_out = sum(result.status in _SUCCEEDED for result in results)
    finally:
        for place, (rider, _) in enumerate(riders):
            rider.arrive(succeeded=place < carried_out)
