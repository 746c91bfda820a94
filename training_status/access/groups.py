"""The Django groups that give people their roles, and what each may see in the admin."""

from typing import Any

from django.apps import AppConfig
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission

from training_status.roles import OPERATOR, ROLES


def ensure_role_groups(sender: AppConfig, **_: Any) -> None:
    """Make the three groups after every migration, and let operators see everything in the admin."""
    create_permissions(sender, verbosity=0)
    groups = {role: Group.objects.get_or_create(name=role)[0] for role in ROLES}
    seen = Permission.objects.filter(content_type__app_label=sender.label, codename__startswith="view_")
    revoking = Permission.objects.filter(content_type__app_label=sender.label, codename="change_accesstoken")
    groups[OPERATOR].permissions.add(*seen, *revoking)
