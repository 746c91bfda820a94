"""The Django groups that give users their roles, and the permissions of each group in the admin."""

from typing import Any, Final

from django.apps import AppConfig, apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission

from training_status.roles import OPERATOR, ROLES

_TO_CHANGE: Final = (
    "add_domain", "change_domain", "delete_domain", "change_trainingrun", "delete_trainingrun", "change_accesstoken",
)  # fmt: skip


def ensure_role_groups(sender: AppConfig, **_: Any) -> None:
    """Create the groups of the roles that are missing, after every migration. Existing groups are not changed.

    A new operator group gets permissions to view everything in this app, users and groups, and to change what the
    API lets operators change. Only superusers can change users. These permissions are not recorded in the audit log.
    """
    accounts = apps.get_app_config("auth")
    for app in (sender, accounts):
        create_permissions(app, verbosity=0)
    made = {role for role in ROLES if Group.objects.get_or_create(name=role)[1]}
    if OPERATOR in made:
        ours = Permission.objects.filter(content_type__app_label=sender.label)
        people = Permission.objects.filter(
            content_type__app_label=accounts.label, codename__in=("view_user", "view_group")
        )
        given = [*ours.filter(codename__startswith="view_"), *ours.filter(codename__in=_TO_CHANGE), *people]
        operators = Group.objects.get(name=OPERATOR)
        of_group = Group.permissions.through  # bulk_create sends no signals, so nothing is recorded
        of_group.objects.bulk_create(of_group(group=operators, permission=permission) for permission in given)
