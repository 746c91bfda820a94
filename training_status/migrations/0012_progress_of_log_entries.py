from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models

BOTH_OR_NEITHER = models.Q(progress_percent__isnull=True, phase__isnull=True) | models.Q(
    progress_percent__gte=0.0, progress_percent__lte=100.0, phase__isnull=False
)


class Migration(migrations.Migration):
    """Nullable columns without a default: no table is rewritten, and processes of the release before go on meanwhile."""

    dependencies = [
        ("training_status", "0011_resumed_at_seq"),
    ]

    operations = [
        migrations.AddField(model_name="traininglogentry", name="progress_percent", field=models.FloatField(null=True)),
        migrations.AddField(
            model_name="traininglogentry", name="phase", field=models.CharField(max_length=40, null=True)
        ),
        AddConstraintNotValid(
            model_name="traininglogentry",
            constraint=models.CheckConstraint(condition=BOTH_OR_NEITHER, name="log_has_phase_and_progress"),
        ),
        migrations.AddField(model_name="trainingrun", name="phase_message", field=models.TextField(null=True)),
        migrations.AddField(model_name="trainingrun", name="event_message", field=models.TextField(null=True)),
    ]
