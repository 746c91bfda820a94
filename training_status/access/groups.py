"""The Django groups that give people their roles, and what each may do in the admin."""

from typing import Any, Final

from django.apps import AppConfig, apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission

from training_status.roles import OPERATOR, ROLES

_TO_CHANGE: Final = (
    "add_domain", "change_domain", "delete_domain", "change_trainingrun", "delete_trainingrun", "change_accesstoken",
)  # fmt: skip


def ensure_role_groups(sender: AppConfig, **_: Any) -> None:
    """Make the three groups after every migration, and give operators their permissions.

    They see everything of ours and who has an account, and change what the API lets them change;
    accounts are changed by superusers alone.
    """
    accounts = apps.get_app_config("auth")
    for app in (sender, accounts):
        create_permissions(app, verbosity=0)
    groups = {role: Group.objects.get_or_create(name=role)[0] for role in ROLES}
    ours = Permission.objects.filter(content_type__app_label=sender.label)
    people = Permission.objects.filter(content_type__app_label=accounts.label, codename__in=("view_user", "view_group"))
    groups[OPERATOR].permissions.add(
        *ours.filter(codename__startswith="view_"), *ours.filter(codename__in=_TO_CHANGE), *people
    )
