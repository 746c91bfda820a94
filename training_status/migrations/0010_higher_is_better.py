from django.db import migrations, models

EMPTY_OBJECT = models.Value({}, output_field=models.JSONField())


class Migration(migrations.Migration):
    dependencies = [
        ("training_status", "0009_domain_baseline"),
    ]

    operations = [
        migrations.AddField(
            model_name="domain",
            name="higher_is_better",
            field=models.JSONField(blank=True, db_default=EMPTY_OBJECT, default=dict),
        ),
        migrations.AddField(
            model_name="trainingrun",
            name="higher_is_better",
            field=models.JSONField(db_default=EMPTY_OBJECT, default=dict),
        ),
    ]
