"""The database wrapper that Django loads for `ENGINE = "aegis_training.postgresql"`."""

from pathlib import Path
from typing import Any

from django.db import OperationalError
from django.db.backends.postgresql import base
from django.db.backends.utils import debug_transaction
from psycopg.pq import TransactionStatus

from aegis_training.embedded_postgres import EmbeddedPostgresError, ensure_server
from aegis_training.postgresql.riders import Rider, commit_with


class DatabaseWrapper(base.DatabaseWrapper):
    """Starts the embedded server with the first connection, and lets statements ride with a COMMIT."""

    def get_connection_params(self) -> dict[str, Any]:
        """As Django makes them; host, port and user are the embedded server's where that is used."""
        params: dict[str, Any] = super().get_connection_params()
        data_dir = self.settings_dict.get("EMBEDDED_DATA_DIR")
        if data_dir is not None:
            try:
                server = ensure_server(Path(data_dir))
            except EmbeddedPostgresError as error:
                raise OperationalError(str(error)) from error
            params.update(host=server["host"], port=server["port"], user=server["user"])
        return params

    def _commit(self) -> None:
        riders = self._riders()
        if not riders:
            super()._commit()  # type: ignore[misc]  # Django's own, which django-stubs leave out
            return
        with debug_transaction(self, "COMMIT"), self.wrap_database_errors:
            commit_with(self.connection, riders)

    def _riders(self) -> list[tuple[Rider, str]]:
        """Those of the transaction's callbacks that ride; what a savepoint took back is not among them."""
        if self.connection is None or self.connection.pgconn.transaction_status != TransactionStatus.INTRANS:
            return []
        callbacks = [callback for _, callback, *_ in self.run_on_commit if isinstance(callback, Rider)]
        return [(rider, statement) for rider in callbacks if (statement := rider.board()) is not None]
