"""The page of all runs of a domain: what it is given, page by page."""

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from tests.support.factories import DomainFactory, TrainingRunFactory
from training_status.models import TrainingRun

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser() -> Client:
    person = User.objects.create_user("ada", password="a long password")
    person.groups.add(Group.objects.get(name="viewer"))
    browser = Client()
    browser.force_login(person)
    return browser


@pytest.fixture
def long_history():
    """A domain with 10,000 completed runs."""
    first = TrainingRunFactory(completed=True, run_number=1, metrics={"f1": 0.5})
    facts = {
        field.attname: getattr(first, field.attname)
        for field in TrainingRun._meta.concrete_fields
        if field.name not in ("id", "public_id", "run_number")
    }
    TrainingRun.objects.bulk_create(TrainingRun(**facts, run_number=number) for number in range(2, 10_001))
    return first.domain


def numbers(response) -> list[int]:
    return [run["run_number"] for run in response.context["page"]["runs"]]


def test_it_works(browser):
    domain = DomainFactory(name="medical")
    TrainingRunFactory(domain=domain, completed=True, run_number=1, metrics={"f1": 0.5}, config={"a": "secret"})
    TrainingRunFactory(domain=domain, run_number=2, tags=["nightly"], note="</script><img src=x>")
    response = browser.get("/domains/medical/history")
    assert response.status_code == 200
    assert numbers(response) == [2, 1]
    assert response.context["page"]["runs"][0]["baseline_metrics"] == {"f1": 0.5}
    page = response.content.decode()
    assert "1 to 2 of 2, newest first" in page
    assert "<img" not in page
    assert "secret" not in page
    assert "page=" not in page


def test_ten_thousand_runs_page_by_page(browser, long_history):
    address = f"/domains/{long_history.name}/history"
    newest = browser.get(address)
    assert numbers(newest) == list(range(10_000, 9_950, -1))
    assert b'href="?page=2"' in newest.content
    assert b"Newer" not in newest.content
    middle = browser.get(f"{address}?page=100")
    assert numbers(middle) == list(range(5_050, 5_000, -1))
    assert b'rel="prev" href="?page=99"' in middle.content
    assert b'rel="next" href="?page=101"' in middle.content
    oldest = browser.get(f"{address}?page=200")
    assert numbers(oldest) == list(range(50, 0, -1))
    assert b"Older" not in oldest.content
    for beyond in ("201", "9" * 30):
        response = browser.get(f"{address}?page={beyond}")
        assert numbers(response) == []
        assert b"No runs on this page. The domain has 10,000 runs." in response.content
        assert b'rel="prev" href="?page=200"' in response.content


def test_a_page_takes_the_same_queries_however_long_the_history_is(
    browser, long_history, django_assert_max_num_queries
):
    with django_assert_max_num_queries(9):  # two of the session, one of the groups, six of the page
        browser.get(f"/domains/{long_history.name}/history?page=100")


def test_a_domain_never_trained(browser):
    page = browser.get(f"/domains/{DomainFactory().name}/history").content.decode()
    assert "No training runs yet" in page
    assert "from aegis_tracker import TrainingProgressTracker" in page


def test_what_is_not_there(browser):
    name = TrainingRunFactory().domain.name
    for path in ("nowhere/history", "a%00b/history", f"{name}/history?page=0", f"{name}/history?page=x"):
        assert browser.get(f"/domains/{path}").status_code == 404, path


def test_strangers_are_sent_to_sign_in(client):
    assert client.get("/domains/medical/history")["Location"] == "/sign-in?next=/domains/medical/history"
    client.force_login(User.objects.create_user("bob", password="a long password"))
    assert client.get("/domains/medical/history").status_code == 403
