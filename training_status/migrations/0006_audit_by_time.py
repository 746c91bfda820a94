from django.db import migrations, models

_SUBJECTS = ("domain", "run", "log", "token", "user", "group")


class Migration(migrations.Migration):
    dependencies = [
        ("training_status", "0005_admin_indexes"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="auditentry",
            options={
                "default_permissions": ("view",),
                "ordering": ("-at", "-id"),
                "verbose_name_plural": "audit entries",
            },
        ),
        migrations.RemoveIndex(model_name="auditentry", name="audit_by_action"),
        migrations.RemoveIndex(model_name="auditentry", name="audit_by_subject"),
        migrations.RemoveIndex(model_name="auditentry", name="audit_by_actor_kind"),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(fields=["at", "id"], name="audit_by_time"),
        ),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(fields=["action", "at", "id"], name="audit_by_action"),
        ),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(fields=["subject", "at", "id"], name="audit_by_subject"),
        ),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(fields=["actor_kind", "at", "id"], name="audit_by_actor_kind"),
        ),
        migrations.RemoveConstraint(model_name="auditentry", name="audit_subject_known"),
        migrations.AlterField(
            model_name="auditentry",
            name="subject",
            field=models.CharField(choices=[(subject, subject) for subject in _SUBJECTS], max_length=6),
        ),
        migrations.AddConstraint(
            model_name="auditentry",
            constraint=models.CheckConstraint(
                condition=models.Q(("subject__in", _SUBJECTS)), name="audit_subject_known"
            ),
        ),
    ]
