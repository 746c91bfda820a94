"""Single permissions, of people and of groups, in the audit log; and what a migration gives."""

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.management import call_command
from django.test import Client

from training_status.models import AuditEntry

pytestmark = pytest.mark.django_db

ADD, CHANGE = "training_status.add_domain", "training_status.change_domain"


def permission(name: str) -> Permission:
    app, codename = name.split(".")
    return Permission.objects.get(content_type__app_label=app, codename=codename)


def told() -> list[tuple]:
    entries = AuditEntry.objects.order_by("id").values_list("action", "subject", "name", "details")
    return [(action, subject, name, details.get("permission")) for action, subject, name, details in entries]


@pytest.fixture(params=["user", "group"])
def holder(request) -> tuple:
    """The kind, the holder, and its permissions."""
    if request.param == "user":
        ada = User.objects.create_user("ada")
        return "user", ada, ada.user_permissions
    group = Group.objects.create(name="ada")
    return "group", group, group.permissions


def test_permissions_that_come_and_go(holder):
    kind, _, permissions = holder
    permissions.add(permission(ADD))
    permissions.add(permission(ADD))
    permissions.set([permission(CHANGE)])
    permissions.clear()
    assert told() == [
        ("granted", kind, "ada", ADD),
        ("revoked", kind, "ada", ADD),
        ("granted", kind, "ada", CHANGE),
        ("revoked", kind, "ada", CHANGE),
    ]


def test_the_same_from_the_permission_s_side(holder):
    kind, one, _ = holder
    holders = getattr(permission(ADD), f"{kind}_set")
    others = list(holders.all())
    holders.add(one)
    holders.remove(one)
    assert told() == [("granted", kind, "ada", ADD), ("revoked", kind, "ada", ADD)]
    holders.add(one)
    holders.clear()
    assert len(told()) == 4 + len(others)
    assert ("revoked", kind, "ada", ADD) in told()[3:]


def test_with_its_holder_a_permission_goes(holder):
    kind, one, permissions = holder
    permissions.add(permission(ADD))
    one.delete()
    assert told()[1:] == [("revoked", kind, "ada", ADD)]


def test_the_admin_s_form_tells_who_did_it():
    User.objects.create_superuser("root", password="a long password")
    group = Group.objects.create(name="helpers")
    before = AuditEntry.objects.count()
    browser = Client(REMOTE_ADDR="203.0.113.7")
    assert browser.login(username="root", password="a long password")
    form = {"name": "helpers", "permissions": [permission(CHANGE).pk]}
    assert browser.post(f"/admin/auth/group/{group.pk}/change/", form).status_code == 302
    (entry,) = AuditEntry.objects.order_by("id")[before:]
    assert (entry.actor, entry.address, entry.action, entry.name) == ("root", "203.0.113.7", "granted", "helpers")


def test_a_migration_gives_operators_back_nothing_that_somebody_took():
    operators = Group.objects.get(name="operator")
    given = set(operators.permissions.values_list("codename", flat=True))
    assert {"delete_domain", "change_accesstoken", "view_auditentry", "view_user"} <= given
    operators.permissions.remove(Permission.objects.get(codename="delete_domain"))
    before = AuditEntry.objects.count()
    call_command("migrate", verbosity=0)
    assert set(operators.permissions.values_list("codename", flat=True)) == given - {"delete_domain"}
    operators.delete()
    call_command("migrate", verbosity=0)
    operators = Group.objects.get(name="operator")
    assert set(operators.permissions.values_list("codename", flat=True)) == given
    assert {entry.action for entry in AuditEntry.objects.order_by("id")[before:]} == {"revoked"}
