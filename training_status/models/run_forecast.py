"""The stored forecast of a run, and its forecasts at some percentages, from which the accuracy is computed."""

from django.db import models
from django.db.models import F, Q

from training_status.forecast_methods import COST, FORECAST_AMOUNTS, FORECAST_METHODS, TOKENS
from training_status.models.training_run import TrainingRun


class RunForecast(models.Model):
    """What was learned when the run first made progress, and its latest estimate, as `forecast.stored_estimate` encodes
    them; and what was learned about usage, as `forecast.usage` does (null: nothing was reported yet).
    """

    run = models.OneToOneField(TrainingRun, on_delete=models.CASCADE, primary_key=True, related_name="kept_forecast")
    learned = models.JSONField()
    estimate = models.JSONField()
    learned_usage = models.JSONField(null=True)

    def __str__(self) -> str:
        return str(self.run_id)


class ForecastMark(models.Model):
    """The forecast when a run reached `percent`, to be compared with what happened.

    Seconds are those left from `forecast_at` on. `low_s` to `high_s` is the range that was shown. `linear_` and
    `learned_` are the linear estimate and the learned one before they were mixed; null without earlier runs.
    """

    run = models.ForeignKey(TrainingRun, on_delete=models.CASCADE, related_name="forecast_marks")
    percent = models.SmallIntegerField()
    forecast_at = models.DateTimeField()
    method = models.CharField(max_length=7, choices=[(method, method) for method in FORECAST_METHODS])
    based_on_runs = models.IntegerField()
    left_s = models.FloatField()
    low_s = models.FloatField()
    high_s = models.FloatField()
    linear_left_s = models.FloatField()
    linear_sigma = models.FloatField()
    learned_left_s = models.FloatField(null=True)
    learned_sigma = models.FloatField(null=True)

    class Meta:
        ordering = ("run_id", "percent")
        constraints = (
            models.UniqueConstraint(fields=("run", "percent"), name="forecast_mark_once_per_run"),
            models.CheckConstraint(condition=Q(percent__gt=0, percent__lt=100), name="forecast_mark_within_run"),
            models.CheckConstraint(condition=Q(method__in=FORECAST_METHODS), name="forecast_mark_method_known"),
            models.CheckConstraint(condition=Q(based_on_runs__gte=0), name="forecast_mark_runs_not_negative"),
            models.CheckConstraint(
                condition=Q(low_s__gte=0, low_s__lte=F("left_s"), left_s__lte=F("high_s")),
                name="forecast_mark_in_its_range",
            ),
            models.CheckConstraint(
                condition=Q(linear_left_s__gte=0, linear_sigma__gte=0), name="forecast_mark_linear_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(learned_left_s__isnull=True, learned_sigma__isnull=True)
                | Q(learned_left_s__gte=0, learned_sigma__gte=0),
                name="forecast_mark_learned_not_negative",
            ),
        )

    def __str__(self) -> str:
        return f"{self.run_id} at {self.percent} %"


class UsageForecastMark(models.Model):
    """The forecast of what a run will have used, when it reached `percent`, to be compared with what it did use.

    `total` and its range are of cost, in `currency`, or of tokens, where `currency` is empty.
    """

    run = models.ForeignKey(TrainingRun, on_delete=models.CASCADE, related_name="usage_forecast_marks")
    amount = models.CharField(max_length=6, choices=[(amount, amount) for amount in FORECAST_AMOUNTS])
    percent = models.SmallIntegerField()
    method = models.CharField(max_length=7, choices=[(method, method) for method in FORECAST_METHODS])
    based_on_runs = models.IntegerField()
    total = models.FloatField()
    low = models.FloatField()
    high = models.FloatField()
    currency = models.CharField(max_length=3, default="")

    class Meta:
        ordering = ("run_id", "amount", "percent")
        constraints = (
            models.UniqueConstraint(fields=("run", "amount", "percent"), name="usage_mark_once_per_run"),
            models.CheckConstraint(condition=Q(percent__gt=0, percent__lt=100), name="usage_mark_within_run"),
            models.CheckConstraint(condition=Q(method__in=FORECAST_METHODS), name="usage_mark_method_known"),
            models.CheckConstraint(condition=Q(based_on_runs__gte=0), name="usage_mark_runs_not_negative"),
            models.CheckConstraint(
                condition=Q(low__gte=0, low__lte=F("total"), total__lte=F("high")), name="usage_mark_in_its_range"
            ),
            models.CheckConstraint(
                condition=(Q(amount=COST) & ~Q(currency="")) | Q(amount=TOKENS, currency=""),
                name="usage_mark_cost_has_currency",
            ),
        )

    def __str__(self) -> str:
        return f"{self.amount} of {self.run_id} at {self.percent} %"
