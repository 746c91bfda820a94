import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Columns that may be null, because processes of the release before go on meanwhile."""

    dependencies = [
        ("training_status", "0014_optimizer_findings"),
    ]

    operations = [
        migrations.CreateModel(
            name="UsageForecastMark",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("amount", models.CharField(choices=[("cost", "cost"), ("tokens", "tokens")], max_length=6)),
                ("percent", models.SmallIntegerField()),
                (
                    "method",
                    models.CharField(
                        choices=[("linear", "linear"), ("shares", "shares"), ("history", "history")], max_length=7
                    ),
                ),
                ("based_on_runs", models.IntegerField()),
                ("total", models.FloatField()),
                ("low", models.FloatField()),
                ("high", models.FloatField()),
                ("currency", models.CharField(default="", max_length=3)),
            ],
            options={
                "ordering": ("run_id", "amount", "percent"),
            },
        ),
        migrations.AddField(
            model_name="domain",
            name="cost_limit",
            field=models.FloatField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="domain",
            name="currency",
            field=models.CharField(blank=True, max_length=3, null=True),
        ),
        migrations.AddField(
            model_name="domain",
            name="tokens_limit",
            field=models.BigIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="runforecast",
            name="learned_usage",
            field=models.JSONField(null=True),
        ),
        migrations.AddField(
            model_name="runforecast",
            name="usage_estimate",
            field=models.JSONField(null=True),
        ),
        migrations.AddField(
            model_name="trainingrun",
            name="cancel_reason",
            field=models.CharField(max_length=100, null=True),
        ),
        migrations.AddField(
            model_name="trainingrun",
            name="cost_limit",
            field=models.FloatField(null=True),
        ),
        migrations.AddField(
            model_name="trainingrun",
            name="currency",
            field=models.CharField(max_length=3, null=True),
        ),
        migrations.AddField(
            model_name="trainingrun",
            name="tokens_limit",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddConstraint(
            model_name="domain",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("cost_limit__isnull", True), ("currency__isnull", True)),
                    models.Q(
                        ("cost_limit__gt", 0),
                        ("cost_limit__isnull", False),
                        ("cost_limit__lte", 1000000000),
                        ("currency__isnull", False),
                        ("currency__regex", "^[A-Z]{3}$"),
                    ),
                    _connector="OR",
                ),
                name="domain_cost_limit_has_currency",
            ),
        ),
        migrations.AddConstraint(
            model_name="domain",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("tokens_limit__isnull", True),
                    models.Q(("tokens_limit__gt", 0), ("tokens_limit__lte", 1000000000000000)),
                    _connector="OR",
                ),
                name="domain_tokens_limit_is_a_limit",
            ),
        ),
        migrations.AddConstraint(
            model_name="trainingrun",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("cost_limit__isnull", True), ("currency__isnull", True)),
                    models.Q(
                        ("cost_limit__gt", 0),
                        ("cost_limit__isnull", False),
                        ("cost_limit__lte", 1000000000),
                        ("currency__isnull", False),
                        ("currency__regex", "^[A-Z]{3}$"),
                    ),
                    _connector="OR",
                ),
                name="run_cost_limit_has_currency",
            ),
        ),
        migrations.AddConstraint(
            model_name="trainingrun",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("tokens_limit__isnull", True),
                    models.Q(("tokens_limit__gt", 0), ("tokens_limit__lte", 1000000000000000)),
                    _connector="OR",
                ),
                name="run_tokens_limit_is_a_limit",
            ),
        ),
        migrations.AddField(
            model_name="usageforecastmark",
            name="run",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="usage_forecast_marks",
                to="training_status.trainingrun",
            ),
        ),
        migrations.AddConstraint(
            model_name="usageforecastmark",
            constraint=models.UniqueConstraint(fields=("run", "amount", "percent"), name="usage_mark_once_per_run"),
        ),
        migrations.AddConstraint(
            model_name="usageforecastmark",
            constraint=models.CheckConstraint(
                condition=models.Q(("percent__gt", 0), ("percent__lt", 100)), name="usage_mark_within_run"
            ),
        ),
        migrations.AddConstraint(
            model_name="usageforecastmark",
            constraint=models.CheckConstraint(
                condition=models.Q(("method__in", ("linear", "shares", "history"))), name="usage_mark_method_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="usageforecastmark",
            constraint=models.CheckConstraint(
                condition=models.Q(("based_on_runs__gte", 0)), name="usage_mark_runs_not_negative"
            ),
        ),
        migrations.AddConstraint(
            model_name="usageforecastmark",
            constraint=models.CheckConstraint(
                condition=models.Q(("low__gte", 0), ("low__lte", models.F("total")), ("total__lte", models.F("high"))),
                name="usage_mark_in_its_range",
            ),
        ),
        migrations.AddConstraint(
            model_name="usageforecastmark",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("amount", "cost"), models.Q(("currency", ""), _negated=True)),
                    models.Q(("amount", "tokens"), ("currency", "")),
                    _connector="OR",
                ),
                name="usage_mark_cost_has_currency",
            ),
        ),
    ]
