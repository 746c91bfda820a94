"""Signals that record every permission that a user or a group gets or loses. Roles: `role_audit_signals`."""

from typing import Any

from django.contrib.auth.models import Group, Permission, User
from django.db.models.signals import m2m_changed, pre_delete

from training_status.audit.record import record


def record_permission_changes() -> None:
    """Connect the signals. Called once, when the app is ready."""
    m2m_changed.connect(_permissions_change, sender=User.user_permissions.through)
    m2m_changed.connect(_permissions_change, sender=Group.permissions.through)
    pre_delete.connect(_holder_will_be_deleted, sender=User)
    pre_delete.connect(_holder_will_be_deleted, sender=Group)


def _permissions_change(
    sender: Any, instance: Any, action: str, reverse: bool, pk_set: set[int] | None, **_: Any
) -> None:
    """Record permissions that were added (`post_add` has only new ones) or removed; `reverse`: from the permission."""
    if action not in ("post_add", "pre_remove", "pre_clear"):
        return
    held = sender.objects.filter(permission=instance) if reverse else _held_by(instance)
    if pk_set is not None:
        held = held.filter(**{f"{_kind_of(sender)}__in" if reverse else "permission__in": pk_set})
    _record_each("granted" if action == "post_add" else "revoked", held)


def _holder_will_be_deleted(sender: Any, instance: User | Group, **_: Any) -> None:
    _record_each("revoked", _held_by(instance))


def _held_by(holder: User | Group) -> Any:
    if isinstance(holder, User):
        return User.user_permissions.through.objects.filter(user=holder)
    return Group.permissions.through.objects.filter(group=holder)


def _kind_of(through: Any) -> str:
    return "user" if through is User.user_permissions.through else "group"


def _record_each(action: str, held: Any) -> None:
    kind = _kind_of(held.model)
    for row in held.select_related(kind, "permission__content_type").order_by("id"):
        holder, permission = getattr(row, kind), row.permission
        name = holder.get_username() if isinstance(holder, User) else holder.name
        record(action, kind, name, permission=_full_name(permission))


def _full_name(permission: Permission) -> str:
    return f"{permission.content_type.app_label}.{permission.codename}"
