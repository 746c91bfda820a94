from django.db import migrations

# Statements, not rows: what would change nothing is refused as well.
_REFUSE = """
CREATE FUNCTION training_status_refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'Audit entries stay as they were written: % is refused.', TG_OP
        USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER audit_entries_stay BEFORE UPDATE OR DELETE ON training_status_auditentry
    FOR EACH STATEMENT EXECUTE FUNCTION training_status_refuse_audit_change();
CREATE TRIGGER audit_entries_are_not_truncated BEFORE TRUNCATE ON training_status_auditentry
    FOR EACH STATEMENT EXECUTE FUNCTION training_status_refuse_audit_change();
"""
_ALLOW = """
DROP TRIGGER audit_entries_are_not_truncated ON training_status_auditentry;
DROP TRIGGER audit_entries_stay ON training_status_auditentry;
DROP FUNCTION training_status_refuse_audit_change();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("training_status", "0003_operations"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="auditentry",
            options={
                "default_permissions": ("view",),
                "ordering": ("-id",),
                "verbose_name_plural": "audit entries",
            },
        ),
        migrations.RunSQL(_REFUSE, _ALLOW),
    ]
