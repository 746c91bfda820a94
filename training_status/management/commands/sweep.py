"""`manage.py sweep`: end the runs that have been silent for too long, once."""

from typing import Any, Final

from django.core.management.base import CommandError, CommandParser

from training_status.management.operator_command import OperatorCommand
from training_status.number_text import number_text
from training_status.operations.retention import prune_old_logs
from training_status.operations.sweep import sweep_runs
from training_status.run_text import duration_text

BUSY: Final = 3
_BATCHES: Final = 10


class Command(OperatorCommand):
    """Ends silent runs, and removes some of the log entries that are no longer kept.

    Runs that end because of --assume-reachable are recorded in the audit log.
    """

    help = (
        "Run one sweep. Active runs without a report for the lost limit end as failed (lost). Runs that were asked to "
        "stop and became silent end as failed (cancelled). A run that reports again resumes. Some of the log entries "
        "that are no longer kept are removed. Serving processes do this every few seconds, so the command is only "
        "needed where none runs `aegis_training.asgi`, for example from cron. A run ends only if the service was "
        "reachable for the whole limit, as recorded by its serving processes; the command records nothing. Exit "
        "codes: 0 swept; 1 the database cannot be used, or another error; 2 invalid arguments; 3 another sweep is "
        "running."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """--assume-reachable."""
        parser.add_argument(
            "--assume-reachable",
            action="store_true",
            help="assume that the service was always reachable, for servers that do not record their uptime. After an "
            "outage, this also ends runs that could not report",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Sweep and print what was done."""
        assumed: bool = options["assume_reachable"]
        swept = sweep_runs(assume_reachable=assumed)
        pruned = prune_old_logs(batches_max=_BATCHES)
        self.stdout.write(
            f"Silent runs ended: {number_text(swept.lost)} lost, {number_text(swept.cancelled)} cancelled."
        )
        if pruned.entries:
            more = "" if pruned.is_all else " More are due: `manage.py prune` removes all of them."
            self.stdout.write(f"Log entries removed by retention: {number_text(pruned.entries)}.{more}")
        for run_id, error in swept.failures.items():
            self.stderr.write(
                f"The silent run with the key {run_id} could not be ended: {' '.join(str(error).split())}"
            )
        if swept.failures:
            raise CommandError(f"Silent runs that could not be ended: {len(swept.failures)}; all others were ended.")
        if swept.was_busy:
            raise CommandError("Another sweep is running and ends the remaining runs.", returncode=BUSY)
        if not assumed:
            self.stdout.write(_uptime_text(swept.uptime_s))


def _uptime_text(seconds: float) -> str:
    if seconds == 0.0:
        return "No serving process has recorded its uptime: no run ends until one has, for the limit."
    return f"The service has been reachable for {duration_text(seconds)}: only silence within that time counts."
