from django.db import migrations


class Migration(migrations.Migration):
    """It was never set: the audit log tells who made a token."""

    dependencies = [
        ("training_status", "0006_audit_by_time"),
    ]

    operations = [
        migrations.RemoveField(model_name="accesstoken", name="created_by"),
    ]
