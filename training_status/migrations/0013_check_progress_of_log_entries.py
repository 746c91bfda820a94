from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    """In a transaction of its own: reading a whole log takes time, and nothing may wait for it."""

    dependencies = [
        ("training_status", "0012_progress_of_log_entries"),
    ]

    operations = [
        ValidateConstraint(model_name="traininglogentry", name="log_has_phase_and_progress"),
    ]
