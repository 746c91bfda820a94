"""`manage.py export_run DOMAIN NUMBER [--output FILE]`: export a run."""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from django.core.management.base import CommandError, CommandParser

from training_status.management.operator_command import OperatorCommand
from training_status.management.progress_bar import progress_bar
from training_status.operations.run_export import export_run
from training_status.read.run_facts import run_by_number


class Command(OperatorCommand):
    """Export a run as lines of JSON, which import_run can read, and record the export.

    The export contains all stored fields of the run, its result and its log, as of one moment. An active run can be
    exported, but only a finished run can be imported. FILE is written as a whole and replaces an existing file. Exit
    codes: 0 exported; 1 not exported, FILE is unchanged.
    """

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """DOMAIN, NUMBER, --output."""
        parser.add_argument("domain", metavar="DOMAIN", help="the domain's name")
        parser.add_argument("number", metavar="NUMBER", type=int, help="the run's number in the domain")
        parser.add_argument("--output", metavar="FILE", help="write to this file instead of stdout")

    def handle(self, *args: Any, **options: Any) -> None:
        """Find the run and write it."""
        run = run_by_number(options["domain"], options["number"])
        if run is None:
            raise CommandError(f"There is no run {options['number']} of domain '{options['domain']}'.")
        target = None if options["output"] is None else Path(options["output"]).resolve()
        if target is not None and target.exists() and not target.is_file():
            raise CommandError(f"{options['output']} is not a file.")
        try:
            with progress_bar("Exporting") as progress, _written_whole(target) as file:
                _write(file, export_run(run.public_id), lambda done: progress(done, run.log_count))
        except BrokenPipeError as error:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # discard buffered output
            raise CommandError("The reader of the export has closed the pipe before the end.") from error
        except OSError as error:
            raise CommandError(f"The export cannot be written: {error.strerror}.") from error


def _write(file: IO[bytes], lines: Iterator[bytes], progress: Callable[[int], None]) -> None:
    for number, line in enumerate(lines):
        file.write(line)
        if number % 1000 == 0:
            progress(number)
    file.flush()


@contextmanager
def _written_whole(target: Path | None) -> Iterator[IO[bytes]]:
    """Yield a file that is renamed to `target` when the block succeeds, and removed otherwise; stdout for None."""
    if target is None:
        yield sys.stdout.buffer
        return
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", delete=False) as file:
        try:
            yield file
            os.fsync(file.fileno())
            Path(file.name).replace(target)
        except BaseException:
            Path(file.name).unlink()
            raise
