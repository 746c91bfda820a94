"""`manage.py prune`: remove the log entries that are no longer kept."""

from typing import Any, Final

from django.core.management.base import CommandError, CommandParser
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from training_status.management.operator_command import OperatorCommand
from training_status.number_text import number_text
from training_status.operations.retention import DueLogs, Pruned, due_logs, prune_old_logs, record_pruning

ENDED_EARLY: Final = 130
_QUERY_LIMIT_S: Final = 60.0  # sweeps wait during the query


class Command(OperatorCommand):
    """Removes everything that retention does not keep, in small transactions, and records that at the beginning.

    It can be interrupted and run again at any time.
    """

    help = (
        "Remove the log entries of finished runs that are no longer kept: those beyond the newest AEGIS_KEPT_RUNS "
        "finished runs of their domain, or older than AEGIS_KEPT_DAYS, unless the domain has its own limits. The "
        "runs themselves, with their status, metrics, results and history, are kept. Serving processes prune in the "
        "background, a little at a time. The command can be interrupted and run again at any time. Exit codes: "
        "0 done; 1 the database cannot be used, or another error; 2 invalid arguments; 130 interrupted by Ctrl-C."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """--dry-run."""
        parser.add_argument("--dry-run", action="store_true", help="print what would be removed, and remove nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        """Remove the entries, or print what would be removed."""
        dry_run: bool = options["dry_run"]
        due: list[DueLogs] = due_logs() if dry_run else record_pruning()
        runs, entries = sum(one.runs for one in due), sum(one.entries for one in due)
        if dry_run:
            for one in due:
                self.stdout.write(f"{one.domain_name}: {_amount(one.entries, one.runs)}")
            self.stdout.write(f"To be removed: {_amount(entries, runs)}. Nothing was removed.")
            return
        try:
            pruned = _prune_with_progress_bar(entries)
        except KeyboardInterrupt:
            raise CommandError(
                "Interrupted: run the command again to remove the rest.", returncode=ENDED_EARLY
            ) from None
        self.stdout.write(f"Removed: {number_text(pruned.entries)} log entries.")
        if pruned.runs_left:
            left = number_text(pruned.runs_left)
            self.stdout.write(f"Skipped because they were being written: {left} runs. Run the command again.")


def _amount(entries: int, runs: int) -> str:
    return f"{number_text(entries)} log entries of {number_text(runs)} {'run' if runs == 1 else 'runs'}"


def _prune_with_progress_bar(entries: int) -> Pruned:
    """Prune, with a progress bar on stderr if that is a terminal."""
    console = Console(stderr=True)
    columns = TextColumn("Log entries"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=entries)
        return prune_old_logs(
            wait=True, query_limit_s=_QUERY_LIMIT_S, on_removed=lambda removed: progress.advance(task, removed)
        )
