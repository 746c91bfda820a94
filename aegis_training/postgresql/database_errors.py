"""What the errors of the database mean where Django cannot know: that it cannot be used as it is."""

from types import TracebackType
from typing import Any, Final

from django.db import OperationalError
from django.db.utils import DatabaseErrorWrapper
from psycopg import errors

from aegis_training.postgresql import prepared_statements
from aegis_training.postgresql.connection import PatientConnection

_MISSING_STATEMENT: Final = (
    "a prepared statement is not where it was prepared, as connections are shared behind a pooler such as PgBouncer in "
    "transaction mode: set AEGIS_PREPARED_STATEMENTS=0. Until this process ends it prepares no more of them"
)
_READ_ONLY: Final = "the database is read-only: it is a standby, or was set so"


class DatabaseErrors(DatabaseErrorWrapper):
    """Django's wrapper; what is no defect of a statement but of the way to the database is an OperationalError."""

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, traceback: TracebackType | None
    ) -> Any:
        if exc_type is None:
            return
        if issubclass(exc_type, (errors.InvalidSqlStatementName, errors.DuplicatePreparedStatement)):
            prepared_statements.stop_preparing()
            self._raise(_MISSING_STATEMENT, exc_value)
        if issubclass(exc_type, errors.ReadOnlySqlTransaction):
            self._raise(_READ_ONLY, exc_value)
        link = self.wrapper.connection  # type: ignore[attr-defined]  # Django's own, which django-stubs leave out
        if issubclass(exc_type, errors.OperationalError) and isinstance(link, PatientConnection) and link.was_lost_late:
            link.reachability.give_up(str(exc_value).strip(), all_connections=False)
        super().__exit__(exc_type, exc_value, traceback)

    def _raise(self, sentence: str, cause: BaseException | None) -> None:
        self.wrapper.errors_occurred = True  # type: ignore[attr-defined]  # Django's own, which django-stubs leave out
        raise OperationalError(sentence) from cause
