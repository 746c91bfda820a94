"""The list of runs: what it says of each, how it is narrowed, and that it costs the same however many there are."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.support.factories import DomainFactory, TrainingRunFactory, send
from training_status.admin.bounded_list import COUNTED_MAX
from training_status.ingest.batch import PhaseEvent, ProgressEvent
from training_status.models import Domain, TrainingRun

pytestmark = pytest.mark.django_db

RUNS = "/admin/training_status/trainingrun/"
MINUTE = timedelta(minutes=1)


def shown(browser, **query):
    """The runs listed, by name, in order."""
    response = browser.get(RUNS, query)
    assert response.status_code == 200
    return [str(run) for run in response.context["cl"].result_list]


def many_runs(domain: Domain, count: int) -> None:
    now = timezone.now()
    first = domain.last_run_number + 1
    values = {"domain": domain, "llm_model": "qwen3:32b", "created_at": now, "last_report_at": now}
    TrainingRun.objects.bulk_create(
        TrainingRun(run_number=number, last_event_at=now, **values) for number in range(first, first + count)
    )


def test_a_row_says_what_the_page_says(operator_browser):
    run = TrainingRunFactory(domain__name="medical", run_number=7, optimizer="gepa", llm_model="llama4")
    send(run, PhaseEvent(n=1, phase="entity_extraction_optimization"), ProgressEvent(n=2, fraction=0.5))
    page = operator_browser.get(RUNS).content.decode()
    for text in (
        "medical #7",
        '<span class="run-state training">training</span>',
        "27 %",
        "gepa",
        "llama4",
        "just now",
    ):
        assert text in page, text
    assert page.count("<progress") == 7
    assert 'title="entity extraction optimization: 50 %"' in page


def test_a_stored_state_is_not_shown_where_silence_says_more(operator_browser):
    early = timezone.now() - 3 * MINUTE
    run = TrainingRunFactory(running=True, created_at=early)
    stalled = '<span class="run-state stalled">training, stalled</span>'
    for path in (RUNS, "/admin/training_status/domain/", f"{RUNS}{run.id}/change/", f"{RUNS}act/cancel?id={run.id}"):
        assert stalled in operator_browser.get(path).content.decode(), path


def test_a_cancelled_run_and_a_lost_one_look_as_on_the_pages(operator_browser):
    early = timezone.now() - 3 * MINUTE
    TrainingRunFactory(lost=True)
    TrainingRunFactory(running=True, created_at=early, cancel_requested_at=early)
    page = operator_browser.get(RUNS).content.decode()
    for reason in ("lost", "cancelled"):
        assert f'<span class="run-state {reason}">failed: {reason}</span>' in page


def test_the_newest_come_first(operator_browser):
    runs = [TrainingRunFactory() for _ in range(3)]
    assert shown(operator_browser) == [str(run) for run in reversed(runs)]


@pytest.mark.parametrize("path", [RUNS, "/admin/training_status/domain/"])
def test_five_rows_and_five_hundred_take_the_same_queries(operator_browser, path):
    taken = []
    for count in (5, 500):
        for number in range(count if "domain" in path else 1):
            domain = DomainFactory(name=f"d{count}_{number}")
            many_runs(domain, 1 if "domain" in path else count)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert operator_browser.get(path).status_code == 200
        taken.append(len(queries))
    assert taken[0] == taken[1] <= 12


def test_no_query_of_the_list_reads_more_than_a_page(operator_browser):
    many_runs(DomainFactory(), 200)
    with CaptureQueriesContext(connection) as queries:
        operator_browser.get(RUNS)
    of_runs = [query["sql"] for query in queries if 'FROM "training_status_trainingrun"' in query["sql"]]
    assert of_runs
    assert all("LIMIT" in sql for sql in of_runs)
    assert not any('"result"' in query["sql"] or '"config"' in query["sql"] for query in queries)


def test_a_count_ends_at_its_bound_and_says_so(operator_browser, monkeypatch):
    assert COUNTED_MAX >= 1000
    monkeypatch.setattr("training_status.admin.bounded_list.COUNTED_MAX", 120)
    many_runs(DomainFactory(), 130)
    page = operator_browser.get(RUNS)
    assert b"first 120 training runs" in page.content
    assert page.context["cl"].paginator.num_pages == 3
    assert operator_browser.get(RUNS, {"p": 3}).context["cl"].result_list
    assert operator_browser.get(RUNS, {"p": 4}).status_code == 302  # no such page


def test_texts_are_escaped(operator_browser):
    evil = "<img src=x onerror=alert(1)>"
    TrainingRunFactory(optimizer=evil, llm_model=evil)
    page = operator_browser.get(RUNS, {"q": evil, "of_domain": evil}).content.decode()
    page += operator_browser.get(RUNS).content.decode()
    assert "&lt;img src=x" in page
    assert "<img src=x" not in page


def test_a_list_cannot_be_sorted_or_shown_whole(operator_browser):
    many_runs(DomainFactory(), 60)
    first = shown(operator_browser)
    assert shown(operator_browser, o="1", all="") == first
    assert len(first) == 50
    assert not re.search(r"Show all|Sort", operator_browser.get(RUNS).content.decode())
