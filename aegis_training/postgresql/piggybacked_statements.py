"""Statements that are sent in the same message as a COMMIT, and run right after it as transactions of their own.

A round trip of its own costs a writer several times what a small statement costs the server.
"""

from abc import ABC, abstractmethod

from psycopg import Connection, errors, generators
from psycopg.pq import ExecStatus

_SUCCEEDED = (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK)


class PiggybackedStatement(ABC):
    """A callback for `on_commit` that may send a statement with the COMMIT. It is called after the commit anyway."""

    @abstractmethod
    def prepare(self) -> str | None:
        """Called right before the COMMIT: the statement, which takes no parameters; None to send none."""

    @abstractmethod
    def finished(self, *, succeeded: bool) -> None:
        """Called once after `prepare` returned a statement: whether it was carried out."""

    @abstractmethod
    def __call__(self) -> None:
        """Called when the transaction has been committed."""


def commit_with_statements(connection: Connection, statements: list[tuple[PiggybackedStatement, str]]) -> None:
    """COMMIT, then the statements, each a transaction of its own. The first that fails keeps the rest from running.

    Raises psycopg's error where the COMMIT fails; nothing is raised for a statement behind it.
    """
    carried_out = 0
    try:
        connection.pgconn.send_query("; ".join(["COMMIT", *(sql for _, sql in statements)]).encode())
        committed, *results = connection.wait(generators.execute(connection.pgconn))
        if committed.status not in _SUCCEEDED:
            raise errors.error_from_result(committed)
        carried_out = sum(result.status in _SUCCEEDED for result in results)
    finally:
        for place, (statement, _) in enumerate(statements):
            statement.finished(succeeded=place < carried_out)
