"""When each phase of a run began and ended."""

from django.db import models
from django.db.models import F, Q

from training_status.models.training_run import TrainingRun
from training_status.phases import PHASE_NAMES


class PhaseTiming(models.Model):
    """One row per phase that a run entered; `ended_at` is null in the phase it is in.

    At `middle_at` it was first reported that half of the phase or more was done, `middle_fraction` (0.5 to 1.0) of it.
    """

    run = models.ForeignKey(TrainingRun, on_delete=models.CASCADE, related_name="phase_timings")
    phase = models.CharField(max_length=40, choices=[(name, name) for name in PHASE_NAMES])
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    middle_at = models.DateTimeField(null=True)
    middle_fraction = models.FloatField(null=True)

    class Meta:
        ordering = ("started_at", "id")
        constraints = (
            models.UniqueConstraint(fields=("run", "phase"), name="phase_timing_once_per_run"),
            models.CheckConstraint(condition=Q(phase__in=PHASE_NAMES), name="phase_timing_phase_known"),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("started_at")),
                name="phase_timing_ends_after_start",
            ),
            models.CheckConstraint(
                condition=Q(middle_at__isnull=True, middle_fraction__isnull=True)
                | Q(middle_at__gte=F("started_at"), middle_fraction__gte=0.5, middle_fraction__lte=1.0),
                name="phase_timing_middle",
            ),
        )

    def __str__(self) -> str:
        return f"{self.run_id} {self.phase}"
