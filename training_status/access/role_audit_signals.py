"""Signals that record every change of a user's role and of `is_active`, whether in the admin, a command or elsewhere.

`permission_audit_signals` does the same for single permissions. Django sends the signals in the transaction of the
change, if there is one. It sends none for `QuerySet.update`.
"""

from typing import Any, Final

from django.contrib.auth.models import Group, User
from django.db.models.signals import m2m_changed, post_save, pre_delete, pre_save

from training_status.audit.record import changes, record
from training_status.roles import ROLES

SUPERUSER: Final = "superuser"
_GRANTED, _REVOKED = "granted", "revoked"
_FLAGS: Final = ("is_superuser", "is_active")
_OF_NOBODY: Final = {"is_superuser": False, "is_active": True}  # what a new user is compared with
_BEFORE: Final = "_flags_before"


def record_role_changes() -> None:
    """Connect the signals. Called once, when the app is ready."""
    m2m_changed.connect(_memberships_change, sender=User.groups.through)
    pre_save.connect(_user_will_be_saved, sender=User)
    post_save.connect(_user_was_saved, sender=User)
    pre_delete.connect(_user_will_be_deleted, sender=User)
    pre_save.connect(_group_will_be_saved, sender=Group)
    pre_delete.connect(_group_will_be_deleted, sender=Group)


def _memberships_change(
    sender: Any, instance: User | Group, action: str, reverse: bool, pk_set: set[int] | None, **_: Any
) -> None:
    """Record groups that were added (`post_add` has only new ones) or removed; `reverse`: users of a group."""
    if action not in ("post_add", "pre_remove", "pre_clear"):
        return
    memberships = User.groups.through.objects.filter(group__name__in=ROLES)
    memberships = (
        memberships.filter(group=instance) if isinstance(instance, Group) else memberships.filter(user=instance)
    )
    if pk_set is not None:
        memberships = memberships.filter(**{"user__in" if reverse else "group__in": pk_set})
    for username, role in memberships.order_by("id").values_list("user__username", "group__name"):
        _record(_GRANTED if action == "post_add" else _REVOKED, username, role)


def _user_will_be_saved(sender: Any, instance: User, update_fields: frozenset[str] | None, **_: Any) -> None:
    """Remember the stored values, to compare them after the save."""
    saved = [flag for flag in _FLAGS if update_fields is None or flag in update_fields]
    if saved:
        stored = User.objects.filter(pk=instance.pk).values(*saved).first()
        instance.__dict__[_BEFORE] = stored or {flag: _OF_NOBODY[flag] for flag in saved}


def _user_was_saved(sender: Any, instance: User, **_: Any) -> None:
    before = instance.__dict__.pop(_BEFORE, {})
    if before.get("is_superuser", instance.is_superuser) != instance.is_superuser:
        _record(_GRANTED if instance.is_superuser else _REVOKED, instance.get_username(), SUPERUSER)
    if before.get("is_active", instance.is_active) != instance.is_active:
        record("changed", "user", instance.get_username(), **changes(before, {"is_active": instance.is_active}))


def _user_will_be_deleted(sender: Any, instance: User, **_: Any) -> None:
    for role in instance.groups.filter(name__in=ROLES).values_list("name", flat=True):
        _record(_REVOKED, instance.get_username(), role)
    if instance.is_superuser:
        _record(_REVOKED, instance.get_username(), SUPERUSER)


def _group_will_be_saved(sender: Any, instance: Group, **_: Any) -> None:
    """Record the roles that change with a group's name: the name determines the role."""
    name = Group.objects.filter(pk=instance.pk).values_list("name", flat=True).first()
    if name is not None and name != instance.name:
        _record_for_members(_REVOKED, instance, name)
        _record_for_members(_GRANTED, instance, instance.name)


def _group_will_be_deleted(sender: Any, instance: Group, **_: Any) -> None:
    _record_for_members(_REVOKED, instance, instance.name)


def _record_for_members(action: str, group: Group, role: str) -> None:
    if role in ROLES:
        for username in User.objects.filter(groups=group).order_by("username").values_list("username", flat=True):
            _record(action, username, role)


def _record(action: str, username: str, role: str) -> None:
    record(action, "user", username, role=role)
