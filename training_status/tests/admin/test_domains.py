"""Domains in the admin: created, changed and deleted by the same functions as over the API."""

import pytest
from django.contrib.auth.models import Permission
from django.contrib.messages import get_messages

from tests.support.factories import DomainFactory, TrainingRunFactory
from tests.support.page_forms import fields_of, open_fields, save
from training_status.ingest.domains import change_domain
from training_status.ingest.request_schemas import DomainChange
from training_status.models import AuditEntry, Domain, TrainingRun

pytestmark = pytest.mark.django_db

DOMAINS = "/admin/training_status/domain/"
ABOUT = "Entities of clinical notes"


def said(answer) -> list[str]:
    return [str(message) for message in get_messages(answer.wsgi_request)]


def test_a_domain_is_created(operator_browser):
    answer = operator_browser.post(f"{DOMAINS}add/", {"name": "medical", "description": ABOUT, "llm_model": "llama4"})
    domain = Domain.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"{DOMAINS}{domain.id}/change/")
    assert (domain.name, domain.description, domain.llm_model) == ("medical", ABOUT, "llama4")


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"name": "Medical!"}, "name is not valid"),
        ({"name": "legal"}, "A domain &#x27;legal&#x27; already exists."),
        ({"name": ""}, "This field is required."),
        ({"description": "short"}, "description is not valid"),
        ({"llm_model": "x" * 201}, "llm_model is not valid"),
    ],
)
def test_a_domain_that_cannot_be_is_not_created(operator_browser, typed, sentence):
    DomainFactory(name="legal")
    answer = operator_browser.post(
        f"{DOMAINS}add/", {"name": "medical", "description": ABOUT, "llm_model": "m", **typed}
    )
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert Domain.objects.count() == 1


def test_a_domain_is_changed(operator_browser):
    domain = DomainFactory(name="medical", stall_limit_s=5.0)
    typed = {"description": ABOUT, "llm_model": "llama4", "stall_limit_s": "", "hang_limit_s": "90.5", "kept_runs": "3"}
    save(operator_browser, f"{DOMAINS}{domain.id}/change/", **typed)
    domain.refresh_from_db()
    assert (domain.name, domain.description, domain.llm_model) == ("medical", ABOUT, "llama4")
    limits = (domain.stall_limit_s, domain.hang_limit_s, domain.lost_limit_s, domain.kept_runs, domain.kept_days)
    assert limits == (None, 90.5, None, 3, None)
    page = operator_browser.get(f"{DOMAINS}{domain.id}/change/").content.decode()
    assert 'value="90.5"' in page
    assert "No training runs yet." in page


def test_the_budget_is_changed(operator_browser):
    domain = DomainFactory(name="medical")
    path = f"{DOMAINS}{domain.id}/change/"
    assert save(operator_browser, path, cost_limit="5.5", currency="USD", tokens_limit="1000").status_code == 302
    assert save(operator_browser, path, cost_limit="7").status_code == 302
    domain.refresh_from_db()
    assert (domain.cost_limit, domain.currency, domain.tokens_limit) == (7.0, "USD", 1000)
    assert said(save(operator_browser, path)) == ["No changes."]
    assert save(operator_browser, path, cost_limit="", tokens_limit="").status_code == 302
    domain.refresh_from_db()
    assert (domain.cost_limit, domain.currency, domain.tokens_limit) == (None, None, None)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"cost_limit": "5"}, "cost_limit and currency must both be given, or neither."),
        ({"currency": "USD"}, "cost_limit and currency must both be given, or neither."),
        ({"cost_limit": "5", "currency": "usd"}, "currency must be three capital letters, such as USD."),
        ({"cost_limit": "-1", "currency": "USD"}, "cost_limit is not valid"),
        ({"tokens_limit": "0"}, "tokens_limit is not valid"),
        ({"tokens_limit": "many"}, "Enter a whole number."),
    ],
)
def test_a_budget_that_cannot_be_is_not_stored(operator_browser, typed, sentence):
    domain = DomainFactory(name="medical")
    answer = save(operator_browser, f"{DOMAINS}{domain.id}/change/", **typed)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    domain.refresh_from_db()
    assert (domain.cost_limit, domain.currency, domain.tokens_limit) == (None, None, None)


def test_the_directions_of_metrics_are_changed(operator_browser):
    domain = DomainFactory(name="medical")
    path = f"{DOMAINS}{domain.id}/change/"
    typed = '{"throughput": true,\r\n "größe \\"x\\"": false}'
    assert save(operator_browser, path, higher_is_better=typed).status_code == 302
    domain.refresh_from_db()
    assert domain.higher_is_better == {"throughput": True, 'größe "x"': False}
    assert said(save(operator_browser, path)) == ["No changes."]
    assert save(operator_browser, path, higher_is_better=" ").status_code == 302
    domain.refresh_from_db()
    assert domain.higher_is_better == {}


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("throughput", "This is not valid JSON: "),
        ("{" * 100_000, "This is not valid JSON: "),
        ("null", "higher_is_better is not valid: expected an object, got null."),
        ('["throughput"]', "higher_is_better is not valid: expected an object, got a list."),
        ('{"throughput": "up"}', "higher_is_better.throughput must be true or false."),
        ('{"throughput": NaN}', "This is not valid JSON: "),
        ('{"\\ud800": true}', "This is not valid JSON: "),
        ('{"\\u0000": true}', "NUL character"),
    ],
)
def test_what_is_no_direction_is_said_at_its_field(operator_browser, typed, sentence):
    domain = DomainFactory(name="medical", higher_is_better={"f1": False})
    answer = save(operator_browser, f"{DOMAINS}{domain.id}/change/", higher_is_better=typed, description=ABOUT)
    assert answer.status_code == 422
    form = answer.context["form"]
    assert sentence in str([*form.errors.get("higher_is_better", []), *form.non_field_errors()])
    domain.refresh_from_db()
    assert (domain.higher_is_better, domain.description) == ({"f1": False}, "A domain made for a test.")


def test_directions_that_somebody_else_changed_are_shown(operator_browser):
    domain = DomainFactory(name="medical", higher_is_better={"f1": False})
    path = f"{DOMAINS}{domain.id}/change/"
    old = open_fields(operator_browser, path)
    change_domain("medical", DomainChange(higher_is_better={"f1": True}))
    answer = operator_browser.post(path, {**old, "higher_is_better": '{"grip": true}'})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "Somebody else has changed this field. The current value is: {\n  &quot;f1&quot;: true\n}" in page
    assert operator_browser.post(path, fields_of(page)).status_code == 302
    domain.refresh_from_db()
    assert domain.higher_is_better == {"grip": True}


def test_an_old_page_undoes_nobodys_change(operator_browser):
    """Somebody else sets two limits and the description while the page stands open."""
    domain = DomainFactory(name="medical", stall_limit_s=5.0, description="Two lines\nof a description", kept_days=7)
    path = f"{DOMAINS}{domain.id}/change/"
    old = open_fields(operator_browser, path)
    change_domain("medical", DomainChange(stall_limit_s=600.0, lost_limit_s=7200.0, description=ABOUT))
    answer = operator_browser.post(path, {**old, "kept_days": "", "kept_runs": "3"})
    assert answer.status_code == 302
    domain.refresh_from_db()
    assert (domain.stall_limit_s, domain.lost_limit_s, domain.description) == (600.0, 7200.0, ABOUT)
    assert (domain.kept_days, domain.kept_runs) == (None, 3)
    assert set(AuditEntry.objects.latest("id").details) == {"kept_days", "kept_runs"}


def test_the_same_field_changed_by_two_is_said_and_replaced_only_when_sent_again(operator_browser):
    domain = DomainFactory(name="medical", stall_limit_s=5.0, hang_limit_s=90.0)
    path = f"{DOMAINS}{domain.id}/change/"
    old = open_fields(operator_browser, path)
    change_domain("medical", DomainChange(stall_limit_s=600.0, hang_limit_s=None))
    answer = operator_browser.post(path, {**old, "stall_limit_s": "30", "hang_limit_s": "60", "kept_runs": "3"})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "Somebody else has changed this field. The current value is: 600.0" in page
    assert "Somebody else has changed this field. The field is empty now." in page
    assert set(answer.context["form"].errors) == {"stall_limit_s", "hang_limit_s"}
    domain.refresh_from_db()
    assert (domain.stall_limit_s, domain.hang_limit_s, domain.kept_runs) == (600.0, None, None)
    assert operator_browser.post(path, fields_of(page)).status_code == 302
    domain.refresh_from_db()
    assert (domain.stall_limit_s, domain.hang_limit_s, domain.kept_runs) == (30.0, 60.0, 3)


def test_both_typed_the_same(operator_browser):
    domain = DomainFactory(name="medical")
    path = f"{DOMAINS}{domain.id}/change/"
    old = open_fields(operator_browser, path)
    change_domain("medical", DomainChange(stall_limit_s=600.0))
    assert operator_browser.post(path, {**old, "stall_limit_s": "600"}).status_code == 302


def test_a_page_on_which_nobody_typed_changes_nothing(operator_browser):
    domain = DomainFactory(name="medical", stall_limit_s=0.1, kept_days=1e-5, description=" One\r\nline\rand more ")
    assert said(save(operator_browser, f"{DOMAINS}{domain.id}/change/")) == ["No changes."]
    before = vars(domain)["description"]
    domain.refresh_from_db()
    assert (domain.description, domain.stall_limit_s, domain.kept_days) == (before, 0.1, 1e-5)


@pytest.mark.parametrize("shown", ["soon", "7", ""])
def test_a_form_that_does_not_say_what_it_showed_replaces_nothing(operator_browser, shown):
    domain = DomainFactory(name="medical", stall_limit_s=5.0)
    path = f"{DOMAINS}{domain.id}/change/"
    fields = {**open_fields(operator_browser, path), "stall_limit_s": "30", "initial-stall_limit_s": shown}
    assert operator_browser.post(path, fields).status_code == 422
    domain.refresh_from_db()
    assert domain.stall_limit_s == 5.0


@pytest.mark.parametrize("typed", ["0", "-1", "1e9", "nan", "soon"])
@pytest.mark.parametrize("field", ["stall_limit_s", "hang_limit_s", "lost_limit_s", "kept_runs", "kept_days"])
def test_a_limit_that_is_none_is_refused_at_its_field(operator_browser, field, typed):
    domain = DomainFactory()
    answer = operator_browser.post(
        f"{DOMAINS}{domain.id}/change/", {"description": ABOUT, "llm_model": "m", field: typed}
    )
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    domain.refresh_from_db()
    assert (domain.description, getattr(domain, field)) == ("A domain made for a test.", None)


def test_the_baseline_is_pinned_and_unpinned(operator_browser):
    run = TrainingRunFactory(completed=True, run_number=4)
    path = f"{DOMAINS}{run.domain_id}/change/"
    save(operator_browser, path, baseline_run_number="4")
    assert Domain.objects.get().baseline_run_number == 4
    typed = {**open_fields(operator_browser, path), "baseline_run_number": "5", "llm_model": "other"}
    answer = operator_browser.post(path, typed)
    assert answer.status_code == 422
    assert "Run 5 cannot be the baseline" in str(answer.context["form"].errors["baseline_run_number"])
    assert (Domain.objects.get().baseline_run_number, Domain.objects.get().llm_model) == (4, run.domain.llm_model)
    save(operator_browser, path, baseline_run_number="")
    assert Domain.objects.get().baseline_run_number is None


def test_a_domain_is_deleted_with_its_runs_after_asking(operator_browser):
    run = TrainingRunFactory(domain__name="medical", completed=True)
    path = f"{DOMAINS}{run.domain_id}/delete/"
    assert "Delete medical?" in operator_browser.get(path).content.decode()
    assert Domain.objects.exists()
    assert said(operator_browser.post(path)) == ["medical was deleted."]
    assert not Domain.objects.exists()
    assert not TrainingRun.objects.exists()


def test_a_domain_with_an_active_run_is_not_deleted(operator_browser):
    run = TrainingRunFactory(domain__name="medical", running=True)
    answer = operator_browser.post(f"{DOMAINS}{run.domain_id}/delete/")
    assert said(answer) == [
        "medical was not deleted: A run of the domain is active: cancel it first, or wait until it ends."
    ]
    assert Domain.objects.exists()


def test_an_unknown_domain_is_not_there(operator_browser):
    for path in ("999/change/", "999/delete/", "x/change/"):
        assert operator_browser.get(DOMAINS + path).status_code == 404


def test_each_needs_its_right(operator_browser):
    domain = DomainFactory()
    Permission.objects.filter(codename__in=("add_domain", "change_domain", "delete_domain")).delete()
    assert operator_browser.get(f"{DOMAINS}{domain.id}/change/").status_code == 200
    for path in (f"{DOMAINS}add/", f"{DOMAINS}{domain.id}/change/", f"{DOMAINS}{domain.id}/delete/"):
        assert operator_browser.post(path, {"name": "x", "description": ABOUT, "llm_model": "m"}).status_code == 403
    assert Domain.objects.get().description != ABOUT
