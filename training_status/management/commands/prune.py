"""`manage.py prune`: remove the log entries that are no longer kept."""

from typing import Any, Final

from django.core.management.base import CommandError, CommandParser
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from training_status.management.operator_command import OperatorCommand
from training_status.number_text import number_text
from training_status.operations.retention import DueLogs, Pruned, due_logs, prune_old_logs, record_pruning

ENDED_EARLY: Final = 130
_QUERY_LIMIT_S: Final = 60.0  # while it looks, sweeps wait


class Command(OperatorCommand):
    """Removes all that retention lets go, in small transactions, and records that when it begins.

    It may be ended at any time, and run again.
    """

    help = (
        "Remove the log entries of finished runs that are no longer kept: beyond the newest AEGIS_KEPT_RUNS finished "
        "runs of their domain, or AEGIS_KEPT_DAYS after their end, where the domain has no limits of its own. The "
        "runs themselves, with their status, metrics, results and history, stay. Serving processes do the same by "
        "themselves, a part at a time. It may be ended at any time, and run again: every step is whole. Exit codes: "
        "0 done; 1 the database cannot be used, or another error; 2 wrong arguments; 130 ended early by Ctrl-C."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """--dry-run."""
        parser.add_argument("--dry-run", action="store_true", help="say what would be removed, and remove nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        """Remove, or say what would be."""
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
            raise CommandError("Ended early: run it again for the rest.", returncode=ENDED_EARLY) from None
        self.stdout.write(f"Removed: {number_text(pruned.entries)} log entries.")
        if pruned.runs_left:
            left = number_text(pruned.runs_left)
            self.stdout.write(f"Left, as they were just being written: {left} runs. Run it again.")


def _amount(entries: int, runs: int) -> str:
    return f"{number_text(entries)} log entries of {number_text(runs)} runs"


def _prune_with_progress_bar(entries: int) -> Pruned:
    """With a bar on stderr where that is a terminal, and nothing where it is not."""
    console = Console(stderr=True)
    columns = TextColumn("Log entries"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=entries)
        return prune_old_logs(
            wait=True, query_limit_s=_QUERY_LIMIT_S, on_removed=lambda removed: progress.advance(task, removed)
        )
