from django.db import migrations, models

WITHIN_LOG = models.Q(resumed_at_seq__isnull=True) | models.Q(
    resumed_at_seq__gte=0, resumed_at_seq__lte=models.F("last_seq")
)


class Migration(migrations.Migration):
    """A new name in Python only. The column keeps its own, because processes of the release before go on meanwhile."""

    dependencies = [
        ("training_status", "0010_higher_is_better"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RemoveConstraint(model_name="trainingrun", name="run_given_up_within_log"),
                migrations.RenameField(model_name="trainingrun", old_name="given_up_seq", new_name="resumed_at_seq"),
                migrations.AlterField(
                    model_name="trainingrun",
                    name="resumed_at_seq",
                    field=models.BigIntegerField(db_column="given_up_seq", null=True),
                ),
                migrations.AddConstraint(
                    model_name="trainingrun",
                    constraint=models.CheckConstraint(condition=WITHIN_LOG, name="run_given_up_within_log"),
                ),
            ]
        ),
    ]
