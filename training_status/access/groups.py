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
    """Make those of the three groups that are missing, after every migration; what a superuser made of one stays.

    Operators, when their group is made, are given to see everything of ours and who has an account, and to change what
    the API lets them change; accounts are changed by superusers alone. What is given here is not recorded.
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
        of_group = Group.permissions.through  # past the signals that record what people give
        of_group.objects.bulk_create(of_group(group=operators, permission=permission) for permission in given)
