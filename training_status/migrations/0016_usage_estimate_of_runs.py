from django.db import migrations, models


class Migration(migrations.Migration):
    """The estimate moves to the run. It is not copied: the next usage or progress of a run makes another."""

    dependencies = [
        ("training_status", "0015_usage_forecast_and_budget"),
    ]

    operations = [
        migrations.RemoveField(
            model_name="runforecast",
            name="usage_estimate",
        ),
        migrations.AddField(
            model_name="trainingrun",
            name="usage_estimate",
            field=models.JSONField(db_default=models.Value({}, output_field=models.JSONField()), default=dict),
        ),
    ]
