"""`manage.py sweep`: give up the runs that went silent, once."""

from typing import Any, Final

from django.core.management.base import CommandError, CommandParser

from training_status.management.operator_command import OperatorCommand
from training_status.number_text import number_text
from training_status.operations.retention import prune_old_logs
from training_status.operations.sweep import sweep_runs

BUSY: Final = 3
_BATCHES: Final = 10


class Command(OperatorCommand):
    """Stores what silence has made of runs, and removes a part of the log entries that are no longer kept.

    Which runs it gives up with --assume-reachable is recorded: that is somebody's word.
    """

    help = (
        "One sweep. Active runs that nobody has reported on for the lost limit end as failed (lost), those that were "
        "asked to stop and went silent as failed (cancelled); a run that reports again goes on. Some of the log "
        "entries that are no longer kept are removed. Serving processes do all of this by themselves every few "
        "seconds: the command is for cron where they do not run `aegis_training.asgi`. A run is given up only when the "
        "service has been reachable for the whole limit, by what its serving processes have noted; the command "
        "notes nothing. Exit codes: 0 swept; 1 the database cannot be used, or another error; 2 wrong arguments; "
        "3 another sweep is at work, and the rest is left to it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """--assume-reachable."""
        parser.add_argument(
            "--assume-reachable",
            action="store_true",
            help="take the service to have been reachable all the time, where something else serves it, which does "
            "not note that it is there. After an absence of the service this gives up runs that could not report",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Sweep and say what was done."""
        assumed: bool = options["assume_reachable"]
        swept = sweep_runs(assume_reachable=assumed)
        pruned = prune_old_logs(batches_max=_BATCHES)
        self.stdout.write(
            f"Silent runs ended: {number_text(swept.lost)} lost, {number_text(swept.cancelled)} cancelled."
        )
        if pruned.entries:
            more = "" if pruned.is_all else " There are more: `manage.py prune` removes all of them."
            self.stdout.write(f"Log entries no longer kept, and removed: {number_text(pruned.entries)}.{more}")
        for run_id, error in swept.failures.items():
            self.stderr.write(
                f"The silent run with the key {run_id} could not be ended: {' '.join(str(error).split())}"
            )
        if swept.failures:
            raise CommandError(f"Silent runs that could not be ended: {len(swept.failures)}; the others were.")
        if swept.was_busy:
            raise CommandError("Another sweep is at work: the rest is left to it.", returncode=BUSY)
        if not assumed:
            self.stdout.write(_uptime_text(swept.uptime_s))


def _uptime_text(seconds: float) -> str:
    if seconds == 0.0:
        return "No serving process has noted that it is there: nobody is given up until one does, for the limit."
    return f"The service has been reachable for {seconds:.0f} s: only silence within that time counts."
