"""The database wrapper that Django loads for `ENGINE = "aegis_training.postgresql"`."""

import time
from concurrent.futures import Future
from functools import cache, partial
from pathlib import Path
from typing import Any, NoReturn

import psycopg
from django.db import OperationalError, connections
from django.db.backends.postgresql import base
from django.db.backends.utils import debug_transaction
from django.utils.functional import cached_property
from psycopg.pq import TransactionStatus

from aegis_training.embedded_postgres import EmbeddedPostgresError, start_server, trouble_of
from aegis_training.postgresql import prepared_statements
from aegis_training.postgresql.connection import PatientConnection
from aegis_training.postgresql.database_errors import DatabaseErrors
from aegis_training.postgresql.piggybacked_statements import PiggybackedStatement, commit_with_statements
from aegis_training.postgresql.reachability import NO_ANSWER, PROMPT_S, Reachability
from aegis_training.postgresql.time_limits import outcome_of, patience
from aegis_training.shared_call import call_in_thread


class DatabaseWrapper(base.DatabaseWrapper):
    """Starts the embedded server with the first connection, gives up a server that does not answer, and lets
    statements ride with a COMMIT.
    """

    _connect_by: float | None = None  # when whoever needs a new connection is told that there is none

    def get_connection_params(self) -> dict[str, Any]:
        """As `connection_params`; raises OperationalError beyond the process's limit for a new connection."""
        limit_s = patience().connect_s
        if limit_s is not None and reachability().new_connections_hang:
            raise OperationalError(reachability().reason)
        self._connect_by = None if limit_s is None else time.monotonic() + limit_s
        return self.connection_params(limit_s)

    def connection_params(self, limit_s: float | None = None) -> dict[str, Any]:
        """As Django makes them; host, port and user are the embedded server's where that is used, once it runs."""
        params: dict[str, Any] = super().get_connection_params()
        data_dir = self.settings_dict.get("EMBEDDED_DATA_DIR")
        if data_dir is not None:
            what = f"the embedded PostgreSQL in {data_dir}"
            try:
                server = outcome_of(start_server(Path(data_dir)), what, limit_s)
            except EmbeddedPostgresError as error:
                raise OperationalError(str(error)) from error
            except TimeoutError as error:
                _give_up(f"{what} does not answer within {limit_s:.0f} s: {trouble_of(Path(data_dir))}", error)
            params.update(host=server["host"], port=server["port"], user=server["user"])
        return params

    def get_new_connection(self, conn_params: dict[str, Any]) -> PatientConnection:
        """A connection, made in a thread of its own: neither names nor a frozen server hold this one up for long."""
        self.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
        opening = call_in_thread(partial(PatientConnection.connect, **conn_params), name="database-connect")
        begun = time.monotonic()
        limit_s = None if self._connect_by is None else max(0.0, self._connect_by - begun)
        try:
            connection = outcome_of(opening, "the database", limit_s)
        except TimeoutError as error:
            opening.add_done_callback(_close_late)
            _give_up(NO_ANSWER, error)
        except psycopg.OperationalError as error:
            if limit_s is not None and time.monotonic() - begun > PROMPT_S:
                reachability().give_up(str(error).strip(), all_connections=False)
            raise
        connection.reachability = reachability()
        prepared_statements.follow(connection)
        return connection

    @cached_property
    def wrap_database_errors(self) -> DatabaseErrors:
        """As Django's, which knows fewer errors of a database that cannot be used."""
        return DatabaseErrors(self)

    def _commit(self) -> None:
        statements = self._piggybacked_statements()
        if not statements:
            super()._commit()  # type: ignore[misc]  # Django's own, which django-stubs leave out
            return
        with debug_transaction(self, "COMMIT"), self.wrap_database_errors:
            commit_with_statements(self.connection, statements)

    def _piggybacked_statements(self) -> list[tuple[PiggybackedStatement, str]]:
        """The transaction's callbacks that send a statement with the COMMIT; not those that a savepoint took back."""
        if self.connection is None or self.connection.pgconn.transaction_status != TransactionStatus.INTRANS:
            return []
        callbacks = [callback for _, callback, *_ in self.run_on_commit if isinstance(callback, PiggybackedStatement)]
        return [(callback, statement) for callback in callbacks if (statement := callback.prepare()) is not None]


@cache
def reachability() -> Reachability:
    """What this process knows of its database."""
    return Reachability(_connect_for_attempt)


def _connect_for_attempt() -> "psycopg.Connection[Any]":
    wrapper = connections.create_connection("default")
    assert isinstance(wrapper, DatabaseWrapper)
    return psycopg.connect(**wrapper.connection_params(), autocommit=True)


def _give_up(reason: str, error: TimeoutError) -> NoReturn:
    reachability().give_up(reason, all_connections=False)
    raise OperationalError(reason) from error


def _close_late(opening: "Future[PatientConnection]") -> None:
    """Whoever wanted the connection has not waited for it."""
    if opening.exception() is None:
        opening.result().close()
