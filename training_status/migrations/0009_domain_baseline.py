from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("training_status", "0008_learned_forecast"),
    ]

    operations = [
        migrations.AddField(
            model_name="domain",
            name="baseline_run_number",
            field=models.BigIntegerField(blank=True, null=True),
        ),
        migrations.AddConstraint(
            model_name="domain",
            constraint=models.CheckConstraint(
                condition=models.Q(("baseline_run_number__gte", 1)), name="domain_baseline_from_1"
            ),
        ),
    ]
