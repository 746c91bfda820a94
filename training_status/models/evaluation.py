"""The score of a candidate on a set of examples."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from training_status.models.training_run import PHASE_MAX_CHARACTERS, TrainingRun
from training_status.optimizer_terms import NAME_MAX_CHARACTERS, SPLITS


class Evaluation(models.Model):
    """An evaluation, numbered 1, 2, 3 … in its run.

    `candidate` is a name: evaluations may be reported before their candidate, or without it. `example_scores` has a
    score for each example, null for those that failed; `example_ids` has their names.
    """

    pk = models.CompositePrimaryKey("run_id", "number")
    run = models.ForeignKey(TrainingRun, on_delete=models.DO_NOTHING, db_index=False, related_name="evaluations")
    number = models.BigIntegerField()
    candidate = models.CharField(max_length=NAME_MAX_CHARACTERS)
    metric = models.CharField(max_length=NAME_MAX_CHARACTERS)
    score = models.FloatField()
    split = models.CharField(max_length=11, choices=[(split, split) for split in SPLITS])
    example_count = models.BigIntegerField()
    error_count = models.BigIntegerField(default=0)
    duration_ms = models.FloatField(null=True)
    reported_at = models.DateTimeField()
    phase = models.CharField(max_length=PHASE_MAX_CHARACTERS)
    example_scores = ArrayField(models.FloatField(null=True), null=True)
    example_ids = ArrayField(models.CharField(max_length=NAME_MAX_CHARACTERS), null=True)

    class Meta:
        indexes = (models.Index("run", "candidate", name="evaluation_by_candidate"),)
        constraints = (
            models.CheckConstraint(condition=Q(number__gte=1), name="evaluation_number_from_1"),
            models.CheckConstraint(condition=Q(split__in=SPLITS), name="evaluation_split_known"),
            models.CheckConstraint(
                condition=Q(error_count__gte=0, error_count__lte=F("example_count")), name="evaluation_errors_counted"
            ),
            models.CheckConstraint(condition=Q(duration_ms__gte=0), name="evaluation_duration_not_negative"),
        )

    def __str__(self) -> str:
        return f"{self.run_id} {self.candidate} {self.metric}"
