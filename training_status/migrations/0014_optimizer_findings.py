import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Columns with defaults of the database, because processes of the release before go on meanwhile."""

    dependencies = [
        ("training_status", "0013_check_progress_of_log_entries"),
    ]

    operations = [
        migrations.CreateModel(
            name="Candidate",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "run_id", "number", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="candidates",
                        to="training_status.trainingrun",
                    ),
                ),
                ("number", models.BigIntegerField()),
                ("name", models.CharField(max_length=200)),
                (
                    "origin",
                    models.CharField(
                        choices=[
                            ("initial", "initial"),
                            ("bootstrapped", "bootstrapped"),
                            ("proposed", "proposed"),
                            ("reflected", "reflected"),
                            ("merged", "merged"),
                            ("other", "other"),
                        ],
                        max_length=12,
                    ),
                ),
                ("parents", models.JSONField(default=list)),
                ("predictors", models.JSONField(null=True)),
                ("state", models.TextField(null=True)),
                ("omitted", models.JSONField(default=list)),
                ("digest", models.BinaryField(max_length=32)),
                ("reported_at", models.DateTimeField()),
                ("phase", models.CharField(max_length=40)),
            ],
        ),
        migrations.CreateModel(
            name="Evaluation",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "run_id", "number", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="evaluations",
                        to="training_status.trainingrun",
                    ),
                ),
                ("number", models.BigIntegerField()),
                ("candidate", models.CharField(max_length=200)),
                ("metric", models.CharField(max_length=200)),
                ("score", models.FloatField()),
                (
                    "split",
                    models.CharField(
                        choices=[
                            ("development", "development"),
                            ("test", "test"),
                            ("train", "train"),
                            ("minibatch", "minibatch"),
                        ],
                        max_length=11,
                    ),
                ),
                ("example_count", models.BigIntegerField()),
                ("error_count", models.BigIntegerField(default=0)),
                ("duration_ms", models.FloatField(null=True)),
                ("reported_at", models.DateTimeField()),
                ("phase", models.CharField(max_length=40)),
                (
                    "example_scores",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.FloatField(null=True), null=True, size=None
                    ),
                ),
                (
                    "example_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=200), null=True, size=None
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ModelUsage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "run",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="model_usage",
                        to="training_status.trainingrun",
                    ),
                ),
                ("phase", models.CharField(max_length=40)),
                ("model", models.CharField(max_length=200)),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("student", "student"),
                            ("teacher", "teacher"),
                            ("proposer", "proposer"),
                            ("reflection", "reflection"),
                            ("metric", "metric"),
                            ("other", "other"),
                        ],
                        max_length=10,
                    ),
                ),
                ("currency", models.CharField(default="", max_length=3)),
                ("calls", models.BigIntegerField(default=0)),
                ("cached_calls", models.BigIntegerField(default=0)),
                ("errors", models.BigIntegerField(default=0)),
                ("input_tokens", models.BigIntegerField(default=0)),
                ("output_tokens", models.BigIntegerField(default=0)),
                ("cached_input_tokens", models.BigIntegerField(default=0)),
                ("reasoning_tokens", models.BigIntegerField(default=0)),
                ("unpriced_calls", models.BigIntegerField(default=0)),
                ("cost", models.DecimalField(decimal_places=12, max_digits=30, null=True)),
                ("duration_ms", models.FloatField(default=0.0)),
            ],
        ),
        migrations.AddField(
            model_name="trainingrun",
            name="best",
            field=models.JSONField(db_default=models.Value({}, output_field=models.JSONField()), default=dict),
        ),
        migrations.AddField(
            model_name="trainingrun",
            name="candidate_count",
            field=models.BigIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="trainingrun",
            name="evaluation_count",
            field=models.BigIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="trainingrun",
            name="usage",
            field=models.JSONField(db_default=models.Value({}, output_field=models.JSONField()), default=dict),
        ),
        migrations.AddConstraint(
            model_name="trainingrun",
            constraint=models.CheckConstraint(
                condition=models.Q(("candidate_count__gte", 0), ("evaluation_count__gte", 0)),
                name="run_findings_not_negative",
            ),
        ),
        migrations.AddConstraint(
            model_name="candidate",
            constraint=models.UniqueConstraint(fields=("run", "name"), name="candidate_name_unique_in_run"),
        ),
        migrations.AddConstraint(
            model_name="candidate",
            constraint=models.CheckConstraint(condition=models.Q(("number__gte", 1)), name="candidate_number_from_1"),
        ),
        migrations.AddConstraint(
            model_name="candidate",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("origin__in", ("initial", "bootstrapped", "proposed", "reflected", "merged", "other"))
                ),
                name="candidate_origin_known",
            ),
        ),
        migrations.AddIndex(
            model_name="evaluation",
            index=models.Index(models.F("run"), models.F("candidate"), name="evaluation_by_candidate"),
        ),
        migrations.AddConstraint(
            model_name="evaluation",
            constraint=models.CheckConstraint(condition=models.Q(("number__gte", 1)), name="evaluation_number_from_1"),
        ),
        migrations.AddConstraint(
            model_name="evaluation",
            constraint=models.CheckConstraint(
                condition=models.Q(("split__in", ("development", "test", "train", "minibatch"))),
                name="evaluation_split_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="evaluation",
            constraint=models.CheckConstraint(
                condition=models.Q(("error_count__gte", 0), ("error_count__lte", models.F("example_count"))),
                name="evaluation_errors_counted",
            ),
        ),
        migrations.AddConstraint(
            model_name="evaluation",
            constraint=models.CheckConstraint(
                condition=models.Q(("duration_ms__gte", 0)), name="evaluation_duration_not_negative"
            ),
        ),
        migrations.AddConstraint(
            model_name="modelusage",
            constraint=models.UniqueConstraint(
                fields=("run", "phase", "model", "role", "currency"), name="model_usage_once_per_run"
            ),
        ),
        migrations.AddConstraint(
            model_name="modelusage",
            constraint=models.CheckConstraint(
                condition=models.Q(("role__in", ("student", "teacher", "proposer", "reflection", "metric", "other"))),
                name="model_usage_role_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="modelusage",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("cached_calls__gte", 0),
                    ("cached_input_tokens__gte", 0),
                    ("calls__gte", 0),
                    ("duration_ms__gte", 0),
                    ("errors__gte", 0),
                    ("input_tokens__gte", 0),
                    ("output_tokens__gte", 0),
                    ("reasoning_tokens__gte", 0),
                    ("unpriced_calls__gte", 0),
                ),
                name="model_usage_not_negative",
            ),
        ),
        migrations.AddConstraint(
            model_name="modelusage",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("cost__isnull", True), ("currency", "")),
                    models.Q(models.Q(("currency", ""), _negated=True), ("cost__gte", 0)),
                    _connector="OR",
                ),
                name="model_usage_cost_has_currency",
            ),
        ),
    ]
