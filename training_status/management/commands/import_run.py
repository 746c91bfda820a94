"""`manage.py import_run FILE`: import an exported run."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from django.core.management.base import CommandError, CommandParser

from training_status.management.operator_command import OperatorCommand
from training_status.management.progress_bar import progress_bar
from training_status.number_text import number_text
from training_status.operations.retention import log_is_due
from training_status.operations.run_import import import_run


class Command(OperatorCommand):
    """Import a run that export_run has written, exactly as it was, and record the import.

    The run is stored in its original domain, which is created if it does not exist, or in the domain that --domain
    names. It keeps its id. It keeps its number in its original domain and gets the next number in another. The run is
    stored as a whole or not at all. Exit codes: 0 imported; 1 not imported, nothing has changed.
    """

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """FILE, --domain."""
        parser.add_argument("file", metavar="FILE", help="a file that export_run has written; - for stdin")
        parser.add_argument("--domain", metavar="NAME", help="import into this domain, which must exist")

    def handle(self, *args: Any, **options: Any) -> None:
        """Import the run and print where it was stored."""
        with _opened(options["file"]) as file, progress_bar("Importing") as progress:
            imported = import_run(file, domain_name=options["domain"], progress=progress)
        where = f"run {imported.run_number} of domain '{imported.domain_name}'"
        self.stdout.write(f"Imported as {where}, with {number_text(imported.log_entries)} log entries.")
        if log_is_due(imported.key):
            self.stdout.write(
                "The limits of the domain (kept_runs, kept_days) do not cover the log of this run: it is removed "
                "within about a minute. To keep it, raise the limits of the domain. If the log has been removed "
                "already, delete the run and import it again."
            )


@contextmanager
def _opened(name: str) -> Iterator[IO[bytes]]:
    if name == "-":
        yield sys.stdin.buffer
        return
    try:
        with Path(name).open("rb") as file:
            yield file
    except OSError as error:
        raise CommandError(f"{name} cannot be read: {error.strerror}.") from error
