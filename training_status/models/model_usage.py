"""What the calls of language models added up to."""

from typing import Final

from django.db import models
from django.db.models import Q

from training_status.models.training_run import PHASE_MAX_CHARACTERS, TrainingRun
from training_status.optimizer_terms import MODEL_ROLES, NAME_MAX_CHARACTERS

COUNTS: Final = (
    "calls",
    "cached_calls",
    "errors",
    "input_tokens",
    "output_tokens",
    "cached_input_tokens",
    "reasoning_tokens",
    "unpriced_calls",
)


class ModelUsage(models.Model):
    """The sums of one model in one role and phase of a run.

    `currency` is empty where no cost is known, and `cost` null. `unpriced_calls` reached the model without a known
    cost.
    """

    run = models.ForeignKey(TrainingRun, on_delete=models.CASCADE, db_index=False, related_name="model_usage")
    phase = models.CharField(max_length=PHASE_MAX_CHARACTERS)
    model = models.CharField(max_length=NAME_MAX_CHARACTERS)
    role = models.CharField(max_length=10, choices=[(role, role) for role in MODEL_ROLES])
    currency = models.CharField(max_length=3, default="")
    calls = models.BigIntegerField(default=0)
    cached_calls = models.BigIntegerField(default=0)
    errors = models.BigIntegerField(default=0)
    input_tokens = models.BigIntegerField(default=0)
    output_tokens = models.BigIntegerField(default=0)
    cached_input_tokens = models.BigIntegerField(default=0)
    reasoning_tokens = models.BigIntegerField(default=0)
    unpriced_calls = models.BigIntegerField(default=0)
    cost = models.DecimalField(max_digits=30, decimal_places=12, null=True)
    duration_ms = models.FloatField(default=0.0)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("run", "phase", "model", "role", "currency"), name="model_usage_once_per_run"
            ),
            models.CheckConstraint(condition=Q(role__in=MODEL_ROLES), name="model_usage_role_known"),
            models.CheckConstraint(
                condition=Q(**{f"{name}__gte": 0 for name in COUNTS}, duration_ms__gte=0),
                name="model_usage_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(currency="", cost__isnull=True) | (~Q(currency="") & Q(cost__gte=0)),
                name="model_usage_cost_has_currency",
            ),
        )

    def __str__(self) -> str:
        return f"{self.run_id} {self.model} {self.role}"
