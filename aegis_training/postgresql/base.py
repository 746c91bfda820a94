"""The database wrapper that Django loads for `ENGINE = "aegis_training.postgresql"`."""

from pathlib import Path
from typing import Any

from django.db import OperationalError
from django.db.backends.postgresql import base

from aegis_training.embedded_postgres import EmbeddedPostgresError, ensure_server


class DatabaseWrapper(base.DatabaseWrapper):
    """Starts the embedded server with the first connection, so that no other command waits for it."""

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
