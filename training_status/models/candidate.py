"""A program that the optimiser of a run considered."""

from django.db import models
from django.db.models import Q

from training_status.models.training_run import PHASE_MAX_CHARACTERS, TrainingRun
from training_status.optimizer_terms import NAME_MAX_CHARACTERS, ORIGINS


class Candidate(models.Model):
    """A program, numbered 1, 2, 3 … in its run. It never changes; `digest` tells whether another one is the same.

    `state` is JSON as text, so that DSPy gets back exactly what it wrote. `predictors` and `state` are null where the
    reporter left them out, and then named in `omitted`.
    """

    pk = models.CompositePrimaryKey("run_id", "number")
    run = models.ForeignKey(TrainingRun, on_delete=models.DO_NOTHING, db_index=False, related_name="candidates")
    number = models.BigIntegerField()
    name = models.CharField(max_length=NAME_MAX_CHARACTERS)
    origin = models.CharField(max_length=12, choices=[(origin, origin) for origin in ORIGINS])
    parents = models.JSONField(default=list)
    predictors = models.JSONField(null=True)
    state = models.TextField(null=True)
    omitted = models.JSONField(default=list)
    digest = models.BinaryField(max_length=32)
    reported_at = models.DateTimeField()
    phase = models.CharField(max_length=PHASE_MAX_CHARACTERS)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("run", "name"), name="candidate_name_unique_in_run"),
            models.CheckConstraint(condition=Q(number__gte=1), name="candidate_number_from_1"),
            models.CheckConstraint(condition=Q(origin__in=ORIGINS), name="candidate_origin_known"),
        )

    def __str__(self) -> str:
        return f"{self.run_id} {self.name}"
