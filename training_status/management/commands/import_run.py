"""`manage.py import_run FILE`."""

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
    """Puts back a run that export_run has written, exactly as it was, and records that.

    It goes into the domain that it was of, which is created where there is none of that name, or into the one that
    --domain names. It keeps its id, and in the domain that it was of its number; in another it takes the next. All of
    it is stored or nothing, and nobody sees it before it is whole. Exit code 0: it is stored; 1: it is not, and
    nothing has changed.
    """

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """FILE, --domain."""
        parser.add_argument("file", metavar="FILE", help="what export_run has written; - for stdin")
        parser.add_argument("--domain", metavar="NAME", help="import it into this domain, which must exist")

    def handle(self, *args: Any, **options: Any) -> None:
        """Import it, and say where it is."""
        with _opened(options["file"]) as file, progress_bar("Importing") as progress:
            imported = import_run(file, domain_name=options["domain"], progress=progress)
        where = f"run {imported.run_number} of domain '{imported.domain_name}'"
        self.stdout.write(f"Imported as {where}, with {number_text(imported.log_entries)} log entries.")
        if log_is_due(imported.key):
            self.stdout.write(
                "Its log is no longer kept by the limits that hold for the domain (kept_runs, kept_days): the service "
                "removes it within a minute or so. To keep it, raise the domain's limits; where it is gone already, "
                "delete the run then, and import it again."
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
