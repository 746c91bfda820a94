"""The lists of audit entries and tokens."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.support.factories import DomainFactory
from training_status.access.tokens import create_token
from training_status.models import AccessToken, AuditEntry

pytestmark = pytest.mark.django_db

PAGES = "/admin/training_status"


def listed(browser, model, field, **query):
    response = browser.get(f"{PAGES}/{model}/", query)
    assert response.status_code == 200
    return [getattr(row, field) for row in response.context["cl"].result_list]


def entry(**values) -> AuditEntry:
    told = {"actor_kind": "user", "actor": "olga", "action": "created", "subject": "domain", "name": "medical"}
    return AuditEntry.objects.create(**{"at": timezone.now(), **told, **values})


def test_audit_entries_newest_first_by_filter_and_search(operator_browser):
    first = entry()
    second = entry(action="deleted", subject="run", name="medical #3", actor_kind="token", actor="nightly")
    assert listed(operator_browser, "auditentry", "id")[:2] == [second.id, first.id]
    for query in ({"action__exact": "deleted"}, {"subject__exact": "run"}, {"actor_kind__exact": "token"},
                  {"q": "night"}, {"q": "medical #3"}):  # fmt: skip
        assert listed(operator_browser, "auditentry", "id", **query) == [second.id], query
    assert listed(operator_browser, "auditentry", "id", q="medical") == [second.id, first.id]
    assert listed(operator_browser, "auditentry", "id", q="%") == []
    assert operator_browser.get(f"{PAGES}/auditentry/", {"q": "a\0"}).status_code == 200


def test_what_lies_further_back_than_the_pages_go(operator_browser):
    now = timezone.now().replace(second=0, microsecond=0)
    first, second = entry(at=now - timedelta(days=2)), entry(at=now - timedelta(minutes=1), action="deleted")
    entry(at=now)
    for before, keys in (
        (f"{now:%Y-%m-%dT%H:%M}", [second.id, first.id]),
        (f"{now - timedelta(minutes=1):%Y-%m-%dT%H:%M}", [first.id]),
        (f"{now - timedelta(days=1):%Y-%m-%d}", [first.id]),
        (f"{now - timedelta(days=2):%Y-%m-%dT%H:%M}", []),
    ):
        assert listed(operator_browser, "auditentry", "id", before=before) == keys, before
    both = {"before": f"{now:%Y-%m-%dT%H:%M}", "action__exact": "deleted"}
    assert listed(operator_browser, "auditentry", "id", **both) == [second.id]
    for nonsense in ("soon", "9999-12-31T23:59-23:00", "0001-01-01T00:00+23:00"):
        assert operator_browser.get(f"{PAGES}/auditentry/", {"before": nonsense}).status_code == 302


@pytest.mark.parametrize("model", ["auditentry", "accesstoken"])
def test_five_rows_and_five_hundred_take_the_same_queries(operator_browser, model):
    domain = DomainFactory()
    taken = []
    for count in (5, 500):
        for _ in range(count):
            create_token("nightly", "viewer", domain=domain) if model == "accesstoken" else entry()
        with CaptureQueriesContext(connection) as queries:
            assert operator_browser.get(f"{PAGES}/{model}/").status_code == 200
        taken.append(len(queries))
    assert taken[0] == taken[1] <= 10


# Fifty of them tell of what a user created, fifty of a run: few enough for an index to be worth its while.
MANY_ENTRIES = """
    INSERT INTO training_status_auditentry (at, actor_kind, actor, address, action, subject, name, details)
    SELECT timestamptz '2026-01-01' + number * interval '10 minutes',
           CASE WHEN number % 100 = 1 THEN 'user' ELSE 'token' END, 'actor ' || number, '',
           CASE WHEN number % 100 = 1 THEN 'created' ELSE 'deleted' END,
           CASE WHEN number % 100 = 2 THEN 'run' ELSE 'domain' END, 'domain ' || number, '{}'
      FROM generate_series(1, 5000) AS number
"""


@pytest.mark.parametrize(
    ("condition", "index"),
    [
        ("actor LIKE 'ol%'", "audit_by_actor"),
        ("name LIKE 'med%'", "audit_by_name"),
        ("true ORDER BY at DESC, id DESC", "audit_by_time"),
        ("at < '2026-01-20' ORDER BY at DESC, id DESC", "audit_by_time"),
        *(
            (f"{condition}{before} ORDER BY at DESC, id DESC", index)
            for before in ("", " AND at < '2026-01-20'")
            for condition, index in (
                ("action = 'created'", "audit_by_action"),
                ("subject = 'run'", "audit_by_subject"),
                ("actor_kind = 'user'", "audit_by_actor_kind"),
            )
        ),
    ],
)
def test_what_audit_entries_are_narrowed_by_has_an_index(condition, index):
    """As the planner says when it must neither walk the whole table nor sort. It knows the entries that are made here,
    whatever other tests left behind in its statistics."""
    with connection.cursor() as cursor:
        cursor.execute(MANY_ENTRIES)
        cursor.execute("ANALYZE training_status_auditentry")
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_sort = off")
        cursor.execute("ALTER TABLE training_status_auditentry DROP CONSTRAINT training_status_auditentry_pkey")
        cursor.execute(f"EXPLAIN SELECT id FROM training_status_auditentry WHERE {condition}")
        assert index in str(cursor.fetchall())


def test_texts_of_audit_entries_are_escaped(operator_browser):
    told = entry(actor="<img src=x onerror=alert(1)>", name="<img src=x>", details={"a": "<img src=x>"})
    for path in (f"{PAGES}/auditentry/", f"{PAGES}/auditentry/{told.id}/change/"):
        page = operator_browser.get(path).content.decode()
        assert "&lt;img src=x" in page
        assert "<img src=x" not in page


def test_tokens_by_domain_role_and_validity(operator_browser):
    now = timezone.now()
    create_token("bound", "viewer", domain=DomainFactory(name="medical"))
    create_token("expired", "reporter", expires_at=now - timedelta(days=1))
    create_token("revoked", "operator")
    AccessToken.objects.filter(name="revoked").update(revoked_at=now)
    for query, names in (
        ({"of_domain": "medical"}, ["bound"]),
        ({"role__exact": "reporter"}, ["expired"]),
        ({"validity": "valid"}, ["bound"]),
        ({"validity": "revoked"}, ["revoked"]),
        ({"validity": "expired"}, ["expired"]),
        ({"validity": "x"}, ["bound", "expired", "revoked"]),
    ):
        assert listed(operator_browser, "accesstoken", "name", **query) == names, query


def test_names_hide_nothing(operator_browser):
    token, _ = create_token("a\u202etoken\x1b[31m", "viewer")
    told = entry(actor="an\u202eactor\x1b[31m", name="an\u202eentry", details={"why": "\u202eDELIAF"})
    for page, shown in (
        (f"{PAGES}/accesstoken/", "a&lt;U+202E&gt;token"),
        (f"{PAGES}/accesstoken/{token.pk}/change/", "a&lt;U+202E&gt;token"),
        (f"{PAGES}/auditentry/", "an&lt;U+202E&gt;entry"),
        (f"{PAGES}/auditentry/{told.pk}/change/", "&lt;U+202E&gt;DELIAF"),
    ):
        text = operator_browser.get(page).content.decode()
        assert shown in text
        assert "\u202e" not in text
        assert "\x1b" not in text
