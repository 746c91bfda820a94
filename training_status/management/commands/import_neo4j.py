"""`manage.py import_neo4j FILE`: import the data of the system before this one."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import chain
from pathlib import Path
from typing import IO, Any, Final

from django.core.management.base import CommandError, CommandParser

from training_status.management.import_report import ImportReport
from training_status.management.operator_command import OperatorCommand
from training_status.management.progress_bar import byte_progress
from training_status.operations.neo4j_import.catalog import read_catalog
from training_status.operations.neo4j_import.importer import import_domains

ENDED_EARLY: Final = 130


class Command(OperatorCommand):
    """Imports domains and runs from APOC's JSON export of Neo4j, and prints a report."""

    help = (
        "Import the domains and training runs of AegisRAG, where Neo4j kept them, from an export with APOC "
        "(docs/coming-from-aegisrag.md has the call). A run is stored as a whole or not at all; one that is there "
        "already is skipped, so the command can be interrupted and run again at any time. The report says for each run "
        "what was taken, changed or refused, and why. Exit codes: 0 every run was taken or was there already; 1 "
        "something was refused, or another error; 2 invalid arguments; 130 interrupted by Ctrl-C."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """FILE, --domain, --dry-run."""
        parser.add_argument("file", metavar="FILE", help="lines of JSON that APOC has written; - for stdin")
        parser.add_argument("--domain", metavar="NAME", help="import only this domain")
        parser.add_argument("--dry-run", action="store_true", help="print the same report, and store nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        """Import the file and print the report as it goes."""
        report = ImportReport()
        only: str | None = options["domain"]
        dry_run: bool = options["dry_run"]
        try:
            with _opened(options["file"]) as file, byte_progress(self.stdout.write) as bar:
                bar.begin("Reading")
                catalog = read_catalog(file, bar.update)
                domains = catalog.domains if only is None else [catalog.domain(only)]
                bar.begin("Importing")
                imported = import_domains(file, domains, dry_run=dry_run, progress=bar.update)
                for part in chain(catalog.problems, imported):
                    for line in report.lines(part):
                        bar.write(line)
                    self.stdout.flush()
        except KeyboardInterrupt:
            raise CommandError(
                "Interrupted: run the command again to import the rest.", returncode=ENDED_EARLY
            ) from None
        except BrokenPipeError as error:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # discard buffered output
            raise CommandError(
                "The reader of the report has closed the pipe: run the command again to import the rest."
            ) from error
        self.stdout.write(report.totals(dry_run=dry_run))
        if refused := report.counts["refused"]:
            raise CommandError(f"Refused: {refused}; everything else was taken or was there already.")


@contextmanager
def _opened(name: str) -> Iterator[IO[bytes]]:
    """Yield the file, or a temporary copy of what can be read only once."""
    with ExitStack() as closed:
        try:
            file: IO[bytes] = sys.stdin.buffer if name == "-" else closed.enter_context(Path(name).open("rb"))
            if not file.seekable():
                copy = closed.enter_context(tempfile.TemporaryFile())
                shutil.copyfileobj(file, copy)
                file = copy
        except OSError as error:
            raise CommandError(f"{name} cannot be read: {error.strerror}.") from error
        yield file
