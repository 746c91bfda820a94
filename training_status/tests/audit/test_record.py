"""The audit log: one transaction with what it tells of, and nobody changes it."""

import pytest
from django.contrib.auth.models import Permission, User
from django.db import IntegrityError, connection, transaction

from tests.support.factories import DomainFactory, TrainingRunFactory
from training_status.access.tokens import create_token
from training_status.audit.actor import as_actor
from training_status.audit.record import record
from training_status.ingest.deletion import delete_domain, delete_run
from training_status.ingest.domains import change_domain, create_domain
from training_status.ingest.request_schemas import DomainChange, NewDomain, RunChange
from training_status.ingest.runs import change_run, request_cancel
from training_status.models import AccessToken, AuditEntry, Domain, TrainingRun

pytestmark = pytest.mark.django_db

NEW = NewDomain(name="legal", description="Legal texts of all kinds.")


def entries() -> list[tuple]:
    return list(AuditEntry.objects.order_by("id").values_list("action", "subject", "name", "details"))


def test_who_acts_is_the_context_s_and_else_the_service():
    with as_actor("command", "outer"):
        with as_actor("user", "ada", "203.0.113.7"):
            record("deleted", "domain", "inner")
        record("deleted", "domain", "outer")
    record("deleted", "domain", "none")
    assert list(AuditEntry.objects.order_by("id").values_list("actor_kind", "actor", "address")) == [
        ("user", "ada", "203.0.113.7"),
        ("command", "outer", ""),
        ("service", "the service itself", ""),
    ]


def test_what_is_rolled_back_leaves_no_entry():
    with transaction.atomic():
        create_domain(NEW)
        assert len(entries()) == 1
        transaction.set_rollback(True)
    assert entries() == []


@pytest.mark.parametrize("act", ["domain created", "domain changed", "domain deleted", "run changed", "run cancelled",
                                 "run deleted", "token granted", "superuser"])  # fmt: skip
def test_an_entry_that_cannot_be_written_undoes_the_act(act):
    domain = DomainFactory(name="medical")
    active = TrainingRunFactory(domain=domain, running=True)
    finished = TrainingRunFactory(domain__name="finished", completed=True)
    change = DomainChange(description="Something else entirely.")
    acts = {
        "domain created": lambda: create_domain(NEW),
        "domain changed": lambda: change_domain("medical", change),
        "domain deleted": lambda: delete_domain("finished"),
        "run changed": lambda: change_run(active.public_id, RunChange(note="n")),
        "run cancelled": lambda: request_cancel(active.public_id),
        "run deleted": lambda: delete_run(finished.public_id),
        "token granted": lambda: create_token("nightly", "viewer"),
        "superuser": lambda: transaction.atomic(User.objects.create_superuser)("sue"),
    }

    def stored():
        return [list(model.objects.order_by("id").values()) for model in (Domain, TrainingRun, AccessToken, User)]

    before = stored()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE training_status_auditentry ADD CONSTRAINT full_up CHECK (false) NOT VALID")
    with pytest.raises(IntegrityError, match="full_up"), transaction.atomic():
        acts[act]()
    assert stored() == before


def test_a_change_tells_what_was_and_what_is_and_no_more():
    domain = DomainFactory(name="medical", description="A domain of old.")
    run = TrainingRunFactory(domain=domain, run_number=7, tags=["a"], note="old", completed=True)
    change_domain("medical", DomainChange(description="A domain of new.", llm_model=domain.llm_model))
    change_domain("medical", DomainChange(description="A domain of new."))
    change_run(run.public_id, RunChange(tags=["a"], note="new"))
    change_run(run.public_id, RunChange(tags=["a"], note="new"))
    of_run = {"training_run_id": str(run.public_id), "log_entries": 0}
    assert entries() == [
        ("changed", "domain", "medical", {"description": {"from": "A domain of old.", "to": "A domain of new."}}),
        ("changed", "run", "medical #7", of_run | {"note": {"from": "old", "to": "new"}}),
    ]


def test_cancelling_again_is_not_recorded_again():
    run = TrainingRunFactory(domain__name="medical", run_number=1, running=True)
    request_cancel(run.public_id)
    request_cancel(run.public_id)
    assert [entry[:3] for entry in entries()] == [("cancelled", "run", "medical #1")]


def test_with_a_domain_its_tokens_are_revoked():
    domain = DomainFactory(name="medical")
    row, token = create_token("nightly", "viewer", domain=domain)
    delete_domain("medical")
    told = entries()
    assert [entry[:3] for entry in told] == [
        ("granted", "token", f"nightly ({row.prefix})"),
        ("revoked", "token", f"nightly ({row.prefix})"),
        ("deleted", "domain", "medical"),
    ]
    assert told[0][3] == {"role": "viewer", "domain": "medical", "expires_at": None}
    assert token.split("_", 2)[2] not in str(told)
    assert row.secret_sha256 not in str(told)


def test_long_names_are_cut_and_do_not_stop_anything():
    with as_actor("token", "x" * 300, "y" * 300):
        create_token("z" * 200, "viewer")
        record("deleted", "domain", "n" * 300)
    entry = AuditEntry.objects.get(action="deleted")
    assert (len(entry.actor), len(entry.address), len(entry.name)) == (200, 100, 250)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE training_status_auditentry SET actor = 'somebody else'",
        "UPDATE training_status_auditentry SET actor = actor WHERE false",
        "DELETE FROM training_status_auditentry",
        "TRUNCATE training_status_auditentry",
        "TRUNCATE training_status_auditentry, training_status_traininglogentry",
    ],
)
def test_the_database_refuses_every_change(statement):
    record("deleted", "domain", "medical")
    with connection.cursor() as cursor:
        # A test with real transactions may have turned this one off, in the test database.
        cursor.execute("ALTER TABLE training_status_auditentry ENABLE TRIGGER audit_entries_are_not_truncated")
        with pytest.raises(IntegrityError, match="Audit entries stay as they were written"), transaction.atomic():
            cursor.execute(statement)
    assert [entry[2] for entry in entries()] == ["medical"]


def test_nobody_has_a_permission_but_to_look():
    assert list(Permission.objects.filter(content_type__model="auditentry").values_list("codename", flat=True)) == [
        "view_auditentry"
    ]
