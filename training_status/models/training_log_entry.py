"""One line of a run's log."""

from django.db import models
from django.db.models import Q

from training_status.log_levels import LEVEL_NAMES, LEVEL_NUMBERS
from training_status.models.training_run import PHASE_MAX_CHARACTERS, TrainingRun

STEP_MAX_CHARACTERS = 200


class TrainingLogEntry(models.Model):
    """The key is `(run, seq)`: `seq` numbers the entries of a run 1, 2, 3 … in append order, without gaps.

    There is no foreign key in the database: checking it on every row halves the speed of writing a
    log. Deletion and appending both hold the run's lock instead (`ingest`).
    """

    pk = models.CompositePrimaryKey("run_id", "seq")
    run = models.ForeignKey(
        TrainingRun, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="log_entries"
    )
    seq = models.BigIntegerField()
    timestamp = models.DateTimeField()
    level = models.SmallIntegerField(choices=list(LEVEL_NAMES.items()))
    message = models.TextField()
    step = models.CharField(max_length=STEP_MAX_CHARACTERS, null=True)  # null: belongs to no step
    metrics = models.JSONField(null=True)
    # Of the run, after the entry. Null in entries of releases that did not store them.
    progress_percent = models.FloatField(null=True)
    phase = models.CharField(max_length=PHASE_MAX_CHARACTERS, null=True)

    class Meta:
        indexes = (
            # Warnings and worse are few among many; everything else is found by number.
            models.Index("run", "seq", name="log_warnings_and_worse", condition=Q(level__gte=LEVEL_NUMBERS["WARNING"])),
        )
        constraints = (
            models.CheckConstraint(condition=Q(seq__gte=1), name="log_seq_from_1"),
            models.CheckConstraint(condition=Q(level__in=tuple(LEVEL_NAMES)), name="log_level_known"),
            models.CheckConstraint(
                condition=Q(progress_percent__isnull=True, phase__isnull=True)
                | Q(progress_percent__gte=0.0, progress_percent__lte=100.0, phase__isnull=False),
                name="log_has_phase_and_progress",
            ),
        )

    def __str__(self) -> str:
        return f"{self.run_id}.{self.seq}"
