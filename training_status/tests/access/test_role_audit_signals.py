"""Roles that people get and lose, in the audit log, however it is done."""

import getpass
from io import StringIO

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.db import IntegrityError, connection
from django.test import Client

from training_status.access.role_audit_signals import record_role_changes
from training_status.models import AuditEntry

pytestmark = pytest.mark.django_db


def told() -> list[tuple]:
    """Action, user and role of all entries so far, in their order; each is told once."""
    entries = list(AuditEntry.objects.order_by("id").values_list("action", "subject", "name", "details"))
    assert {subject for _, subject, _, _ in entries} <= {"user"}
    entries = [entry for entry in entries if "role" in entry[3]]
    return [(action, name, details["role"]) for action, _, name, details in entries]


@pytest.fixture
def ada() -> User:
    return User.objects.create_user("ada", password="a long password")


def group(name: str) -> Group:
    return Group.objects.get_or_create(name=name)[0]


def test_groups_that_come_and_go(ada):
    ada.groups.add(group("viewer"), group("something else"))
    ada.groups.add(group("viewer"))
    ada.groups.set([group("operator")])
    ada.groups.remove(group("viewer"))
    ada.groups.clear()
    assert told() == [
        ("granted", "ada", "viewer"),
        ("revoked", "ada", "viewer"),
        ("granted", "ada", "operator"),
        ("revoked", "ada", "operator"),
    ]


def test_the_same_from_the_group_s_side(ada):
    bob = User.objects.create_user("bob")
    group("reporter").user_set.add(ada, bob)
    group("reporter").user_set.remove(bob)
    group("reporter").user_set.clear()
    assert sorted(told()[:2]) == [("granted", "ada", "reporter"), ("granted", "bob", "reporter")]
    assert told()[2:] == [("revoked", "bob", "reporter"), ("revoked", "ada", "reporter")]


def test_superusers(ada):
    ada.is_superuser = True
    ada.save(update_fields=["last_login"])
    assert told() == []
    ada.save()
    ada.save()
    ada.is_superuser = False
    ada.save(update_fields=["is_superuser"])
    User.objects.create_superuser("sue").delete()
    assert told() == [
        ("granted", "ada", "superuser"),
        ("revoked", "ada", "superuser"),
        ("granted", "sue", "superuser"),
        ("revoked", "sue", "superuser"),
    ]


def test_users_and_groups_that_are_deleted_or_renamed(ada):
    ada.groups.add(group("viewer"), group("reporter"))
    reporters = group("reporter")
    reporters.name = "former reporters"
    reporters.save()
    reporters.name = "reporter"
    reporters.save()
    group("viewer").delete()
    ada.groups.add(group("operator"))
    User.objects.filter(username="ada").delete()
    assert told()[2:] == [
        ("revoked", "ada", "reporter"),
        ("granted", "ada", "reporter"),
        ("revoked", "ada", "viewer"),
        ("granted", "ada", "operator"),
        ("revoked", "ada", "reporter"),
        ("revoked", "ada", "operator"),
    ]


def test_accounts_that_are_closed_and_opened(ada):
    ada.is_active = False
    ada.save(update_fields=["last_login"])
    assert not AuditEntry.objects.exists()
    ada.save()
    ada.save()
    ada.is_active = True
    ada.save(update_fields=["is_active"])
    User.objects.create_user("bob", is_active=False)
    ways = [({"from": True, "to": False}, "ada"), ({"from": False, "to": True}, "ada"),
            ({"from": True, "to": False}, "bob")]  # fmt: skip
    entries = AuditEntry.objects.order_by("id").values_list("action", "subject", "name", "details")
    assert list(entries) == [("changed", "user", name, {"is_active": way}) for way, name in ways]


def test_the_admin_s_form_tells_who_did_it(ada):
    User.objects.create_superuser("root", password="a long password")
    before = AuditEntry.objects.count()
    browser = Client(REMOTE_ADDR="203.0.113.7")
    assert browser.login(username="root", password="a long password")
    form = {"username": "ada", "is_active": "on", "is_superuser": "on", "groups": [group("viewer").pk],
            "date_joined_0": "2026-01-01", "date_joined_1": "00:00:00"}  # fmt: skip
    answer = browser.post(f"/admin/auth/user/{ada.pk}/change/", form)
    assert answer.status_code == 302, answer.content
    entries = AuditEntry.objects.order_by("id")[before:]
    assert [(e.actor_kind, e.actor, e.address, e.action, e.name, e.details["role"]) for e in entries] == [
        ("user", "root", "203.0.113.7", "granted", "ada", "superuser"),
        ("user", "root", "203.0.113.7", "granted", "ada", "viewer"),
    ]


def test_a_superuser_made_by_the_command_line():
    call_command("createsuperuser", "--no-input", "--username", "sue", "--email", "s@example.org", verbosity=0)
    entry = AuditEntry.objects.get()
    assert (entry.actor_kind, entry.name) == ("command", "sue")
    assert entry.actor.startswith("createsuperuser by ")


@pytest.mark.django_db(transaction=True)
def test_the_command_holds_no_transaction_while_somebody_types(monkeypatch):
    held = []

    class Terminal(StringIO):
        def isatty(self) -> bool:
            return True

    def typed(prompt: str = "") -> str:
        held.append(connection.in_atomic_block)
        return "a long password"

    monkeypatch.setattr(getpass, "getpass", typed)
    call_command("createsuperuser", "--username", "sue", "--email", "s@example.org", stdin=Terminal(), verbosity=0)
    assert held == [False, False]
    assert User.objects.get().check_password("a long password")
    assert AuditEntry.objects.filter(name="sue").count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_superuser_that_cannot_be_recorded_is_not_made():
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE training_status_auditentry ADD CONSTRAINT full_up CHECK (false) NOT VALID")
        try:
            with pytest.raises(IntegrityError, match="full_up"):
                call_command("createsuperuser", "--no-input", "--username", "sue", "--email", "", verbosity=0)
        finally:
            cursor.execute("ALTER TABLE training_status_auditentry DROP CONSTRAINT full_up")
    assert not User.objects.exists()


def test_connecting_again_tells_nothing_twice(ada):
    record_role_changes()
    ada.groups.add(group("viewer"))
    assert told() == [("granted", "ada", "viewer")]
