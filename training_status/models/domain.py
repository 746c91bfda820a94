"""A retrieval domain: what is trained, again and again."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Length
from django.db.models.lookups import GreaterThanOrEqual, LessThanOrEqual

DOMAIN_NAME_PATTERN = r"^[a-z][a-z0-9_]{1,99}$"
DESCRIPTION_MIN_CHARACTERS = 10
DESCRIPTION_MAX_CHARACTERS = 1000
LLM_MODEL_MAX_CHARACTERS = 200
DEFAULT_LLM_MODEL = "qwen3:32b"
EMPTY_OBJECT = models.Value({}, output_field=models.JSONField())
COST_LIMIT_MAX = 10**9
TOKENS_LIMIT_MAX = 10**15
LIMITS = ("stall_limit_s", "hang_limit_s", "lost_limit_s", "kept_runs", "kept_days")


def budget_constraints(table: str) -> tuple[models.CheckConstraint, ...]:
    """Return the constraints of the columns of a budget; their names begin with `table`."""
    return (
        models.CheckConstraint(
            condition=Q(cost_limit__isnull=True, currency__isnull=True)
            | Q(
                cost_limit__isnull=False,
                currency__isnull=False,
                cost_limit__gt=0,
                cost_limit__lte=COST_LIMIT_MAX,
                currency__regex="^[A-Z]{3}$",
            ),
            name=f"{table}_cost_limit_has_currency",
        ),
        models.CheckConstraint(
            condition=Q(tokens_limit__isnull=True) | Q(tokens_limit__gt=0, tokens_limit__lte=TOKENS_LIMIT_MAX),
            name=f"{table}_tokens_limit_is_a_limit",
        ),
    )


class Domain(models.Model):
    """`last_run_number` counts the runs ever started, so that a number is never used twice.

    The limits say when a run of the domain is stalled, hanging or lost, in seconds; `kept_runs` and `kept_days` for
    how many finished runs and for how many days after its end a run's log is kept. Null: as the settings say.
    `baseline_run_number` is the completed run that all others are compared with; null: each with the one before it.
    `higher_is_better` says by the name of a metric whether a higher value is better (`metric_directions`).
    `cost_limit`, in `currency`, and `tokens_limit` are the budget of runs that are started without one (`budget`).
    """

    name = models.CharField(max_length=100, unique=True)
    description = models.TextField()
    llm_model = models.CharField(max_length=LLM_MODEL_MAX_CHARACTERS, default=DEFAULT_LLM_MODEL)
    last_run_number = models.BigIntegerField(default=0)
    created_at = models.DateTimeField()

    stall_limit_s = models.FloatField(null=True, blank=True)
    hang_limit_s = models.FloatField(null=True, blank=True)
    lost_limit_s = models.FloatField(null=True, blank=True)
    kept_runs = models.BigIntegerField(null=True, blank=True)
    kept_days = models.FloatField(null=True, blank=True)
    baseline_run_number = models.BigIntegerField(null=True, blank=True)
    higher_is_better = models.JSONField(default=dict, db_default=EMPTY_OBJECT, blank=True)
    cost_limit = models.FloatField(null=True, blank=True)
    currency = models.CharField(max_length=3, null=True, blank=True)
    tokens_limit = models.BigIntegerField(null=True, blank=True)

    class Meta:
        ordering = ("name",)
        constraints = (
            models.CheckConstraint(condition=Q(name__regex=DOMAIN_NAME_PATTERN), name="domain_name_is_valid"),
            models.CheckConstraint(
                condition=Q(GreaterThanOrEqual(Length("description"), DESCRIPTION_MIN_CHARACTERS))
                & Q(LessThanOrEqual(Length("description"), DESCRIPTION_MAX_CHARACTERS)),
                name="domain_description_length",
            ),
            models.CheckConstraint(condition=~Q(llm_model=""), name="domain_llm_model_not_empty"),
            models.CheckConstraint(condition=Q(last_run_number__gte=0), name="domain_last_run_number"),
            models.CheckConstraint(condition=Q(baseline_run_number__gte=1), name="domain_baseline_from_1"),
            *budget_constraints("domain"),
            *(
                models.CheckConstraint(
                    condition=Q(**{f"{name}__isnull": True}) | Q(**{f"{name}__gt": 0, f"{name}__lt": 1e9}),
                    name=f"domain_{name}_is_a_limit",
                )
                for name in LIMITS
            ),
        )

    def __str__(self) -> str:
        return self.name
