"""Who may enter the admin, and what each may do there."""

import re

import pytest
from django.contrib.auth.models import Group, User

from tests.support.factories import DomainFactory, TrainingRunFactory, send
from training_status.access.tokens import create_token, principal_of_token
from training_status.ingest.batch import PhaseEvent
from training_status.models import AccessToken, AuditEntry

pytestmark = pytest.mark.django_db

PAGES = "/admin/training_status"
LISTS = (*(f"{PAGES}/{model}/" for model in ("domain", "trainingrun", "accesstoken", "auditentry")),
         "/admin/auth/user/", "/admin/auth/group/")  # fmt: skip


@pytest.mark.parametrize("role", ["viewer", "reporter", None])
def test_others_are_refused_everywhere(browser_of, role):
    run = TrainingRunFactory()
    browser = browser_of(role)
    for path in (*LISTS, "/admin/", f"{PAGES}/trainingrun/{run.id}/change/", f"{PAGES}/trainingrun/act/cancel"):
        assert browser.get(path).status_code == 403, path
    assert browser.post(f"{PAGES}/trainingrun/act/cancel", {"id": run.id}).status_code == 403
    assert b"/admin/" not in browser.get("/").content


def test_a_viewer_whom_somebody_made_staff_is_refused_too(browser_of):
    browser = browser_of("viewer")
    User.objects.update(is_staff=True)
    assert browser.get("/admin/").status_code == 403


@pytest.mark.parametrize("role", ["operator", "superuser"])
def test_operators_and_superusers_see_every_list(browser_of, role):
    TrainingRunFactory()
    browser = browser_of(role)
    for path in (*LISTS, "/admin/", "/admin/auth/user/1/history/"):
        assert browser.get(path, follow=True).status_code == 200, path
    assert b'href="/admin/"' in browser.get("/").content


def test_strangers_are_sent_to_the_one_page_to_sign_in_at(client):
    assert client.get("/admin/")["Location"] == "/admin/login/?next=/admin/"
    assert client.get("/admin/login/?next=/admin/")["Location"] == "/sign-in?next=/admin/"


def test_somebody_whose_account_is_closed_is_a_stranger(operator_browser):
    User.objects.update(is_active=False)
    assert operator_browser.get("/admin/").status_code == 302


def test_an_operator_sees_accounts_and_changes_none(operator_browser):
    person, group = User.objects.get(), Group.objects.first()
    for path in (f"/admin/auth/user/{person.id}/change/", f"/admin/auth/group/{group.id}/change/"):
        page = operator_browser.get(path)
        assert page.status_code == 200
        assert b'name="_save"' not in page.content
        assert operator_browser.post(path, {"username": "root", "is_superuser": "on"}).status_code == 403
    for path in ("/admin/auth/user/add/", f"/admin/auth/user/{person.id}/password/"):
        assert operator_browser.get(path).status_code == 403
    person.refresh_from_db()
    assert not person.is_superuser


def test_a_superuser_changes_accounts(browser_of):
    browser = browser_of("superuser")
    assert b'name="_save"' in browser.get(f"/admin/auth/user/{User.objects.get().id}/change/").content


def test_nobody_changes_an_audit_entry(browser_of):
    entry = AuditEntry.objects.create(
        at="2026-01-20T15:00:00Z", actor_kind="user", actor="olga", action="created", subject="domain", name="medical"
    )
    browser = browser_of("superuser")
    page = browser.get(f"{PAGES}/auditentry/{entry.id}/change/")
    assert page.status_code == 200
    assert b'name="_save"' not in page.content
    assert browser.post(f"{PAGES}/auditentry/{entry.id}/change/", {"actor": "x"}).status_code == 403
    assert browser.post(f"{PAGES}/auditentry/{entry.id}/delete/", {"post": "yes"}).status_code == 403
    assert browser.get(f"{PAGES}/auditentry/add/").status_code == 403


def test_no_secret_of_a_token_is_shown_and_none_is_made(operator_browser):
    row, token = create_token("nightly", "viewer", domain=DomainFactory(name="medical"))
    for path in (f"{PAGES}/accesstoken/", f"{PAGES}/accesstoken/{row.id}/change/"):
        page = operator_browser.get(path).content
        assert row.secret_sha256.encode() not in page
        assert token.split("_", 2)[2].encode() not in page
    assert operator_browser.get(f"{PAGES}/accesstoken/add/").status_code == 403


def test_an_operator_revokes_tokens(operator_browser):
    row, token = create_token("nightly", "viewer")
    operator_browser.post(f"{PAGES}/accesstoken/", {"action": "revoke", "_selected_action": [row.id]})
    assert AccessToken.objects.get().revoked_at is not None
    assert principal_of_token(token) is None


def test_the_strict_content_security_policy_holds(operator_browser):
    run = TrainingRunFactory()
    send(run, PhaseEvent(n=1, phase="loading_data"))
    change = f"{PAGES}/trainingrun/{run.id}/change/"
    for path in (*LISTS, "/admin/", change, f"{PAGES}/domain/{run.domain_id}/change/", f"{PAGES}/domain/add/",
                 f"{PAGES}/trainingrun/act/fail?id={run.id}"):  # fmt: skip
        page = operator_browser.get(path)
        assert page.status_code == 200
        assert "unsafe" not in page["Content-Security-Policy"]
        assert "default-src 'self'" in page["Content-Security-Policy"]
        (nonce,) = re.findall("style-src 'self' 'nonce-([^']+)'", page["Content-Security-Policy"])
        text = page.content.decode().replace(f'<style nonce="{nonce}">', "")
        for inline in ("<style", " style=", "onclick=", "<script>"):
            assert inline not in text, (path, inline)
