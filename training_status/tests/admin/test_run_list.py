"""The list of runs: what it says of each, how it is narrowed, and that it costs the same however many there are."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from training_status import run_states
from training_status.admin.bounded_paginator import COUNTED_MAX
from training_status.admin.run_conditions import run_is
from training_status.ingest.batch import PhaseEvent, ProgressEvent
from training_status.models import Domain, TrainingRun
from training_status.read.run_facts import runs_by_id
from training_status.serializers.status import TrainingStatusSerializer
from training_status.tests.factories import DomainFactory, TrainingRunFactory, send

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
    monkeypatch.setattr("training_status.admin.bounded_paginator.COUNTED_MAX", 120)
    many_runs(DomainFactory(), 130)
    page = operator_browser.get(RUNS)
    assert b"the first 120 of more training runs" in page.content
    assert page.context["cl"].paginator.num_pages == 3
    assert operator_browser.get(RUNS, {"p": 3}).context["cl"].result_list
    assert operator_browser.get(RUNS, {"p": 4}).status_code == 302  # no such page


def every_state() -> list[TrainingRun]:
    now = timezone.now()
    early = now - 60 * MINUTE
    silent = {"last_report_at": now - 2 * MINUTE, "last_event_at": now - 2 * MINUTE}
    there = {"last_report_at": now, "last_event_at": now}
    hangs = {"last_report_at": now, "last_event_at": early}
    asked = {"cancel_requested_at": now - MINUTE}
    return [
        TrainingRunFactory(created_at=early, **started, **heard, **cancel)
        for started in ({}, {"running": True})
        for heard in (silent, there, hangs)
        for cancel in ({}, asked)
    ] + [
        TrainingRunFactory(completed=True),
        TrainingRunFactory(lost=True),
        *(TrainingRunFactory(lost=True, failure_reason=reason) for reason in ("error", "cancelled")),
    ]


WORDS = (*run_states.SHOWN_STATUS.values(), *run_states.HEALTHS, *run_states.FAILURE_REASONS)


@pytest.mark.parametrize("word", WORDS)
def test_a_filter_finds_the_runs_of_which_the_serializer_says_so(word):
    keys, now = [run.id for run in every_state()], timezone.now()
    said = {facts.id: TrainingStatusSerializer(facts, context={"now": now}).data for facts in runs_by_id(keys)}
    expected = {key for key, run in said.items() if word in (run["status"], run["health"], run["failure_reason"])}
    assert expected
    assert set(TrainingRun.objects.filter(run_is(word, now)).values_list("id", flat=True)) == expected


def test_filters_of_the_list(operator_browser):
    now = timezone.now()
    old = TrainingRunFactory(completed=True, created_at=now - timedelta(days=40))
    lost = TrainingRunFactory(lost=True, created_at=now - timedelta(days=3))
    new = TrainingRunFactory(domain=lost.domain)
    assert shown(operator_browser, shown="completed") == [str(old)]
    assert shown(operator_browser, health="lost") == [str(lost)]
    assert shown(operator_browser, started="7") == [str(lost)]
    assert shown(operator_browser, started="none") == [str(new)]
    assert shown(operator_browser, started_before=str((now - timedelta(days=30)).date())) == [str(old)]
    assert shown(operator_browser, of_domain=lost.domain.name) == [str(new), str(lost)]
    assert shown(operator_browser, of_domain=lost.domain.name, shown="failed") == [str(lost)]
    assert shown(operator_browser, of_domain="unknown") == []
    assert shown(operator_browser, of_domain="") == [str(new), str(lost), str(old)]
    assert shown(operator_browser, shown="nonsense") == [str(new), str(lost), str(old)]


@pytest.mark.parametrize(
    "query", [{"started_before": "soon"}, {"of_domain": "a\0b"}, {"q": "a\0b"}, {"p": "x"}, {"x": 1}]
)
def test_a_filter_that_means_nothing_is_no_server_error(operator_browser, query):
    TrainingRunFactory()
    assert operator_browser.get(RUNS, query).status_code in (200, 302)


def test_no_filter_lists_the_domains(operator_browser):
    TrainingRunFactory(domain__name="medical")
    DomainFactory(name="never_trained_domain")
    assert b"never_trained_domain" not in operator_browser.get(RUNS).content


def test_search(operator_browser):
    one = TrainingRunFactory(domain__name="medical_notes", run_number=3, tags=["Nightly", "gpu 2"])
    two = TrainingRunFactory(domain__name="legal", run_number=3, note="Took the old prompts, by mistake.")
    for text in (
        str(one.public_id),
        one.public_id.hex,
        "medical",
        "notes",
        "MEDICAL",
        "Nightly",
        "gpu 2",
        "medical_notes #3",
    ):
        assert shown(operator_browser, q=text) == [str(one)], text
    for text in ("old prompts", "mistake", "LEGAL"):
        assert shown(operator_browser, q=text) == [str(two)], text
    for text in ("nothing", "legal #4", "Night", "%", "'", "#3", "00000000-0000-0000-0000-000000000000"):
        assert shown(operator_browser, q=text) == [], text
    assert shown(operator_browser, q="old prompts", shown="completed") == []
    assert len(shown(operator_browser, q=" ")) == 2


def test_a_search_of_tags_and_notes_can_use_its_indexes():
    """As the planner says when it must not walk the whole table."""
    TrainingRunFactory(tags=["nightly"], note="by mistake")
    for condition, index in (
        ("NOT (tags = '[]'::jsonb) AND tags @> '[\"nightly\"]'::jsonb", "run_by_tag"),
        ("NOT (note = '') AND to_tsvector('simple', note) @@ plainto_tsquery('simple', 'mistake')", "run_by_note"),
    ):
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute(f"EXPLAIN SELECT id FROM training_status_trainingrun WHERE {condition}")
            assert index in str(cursor.fetchall())


def test_texts_are_escaped(operator_browser):
    evil = "<img src=x onerror=alert(1)>"
    TrainingRunFactory(optimizer=evil, llm_model=evil)
    page = operator_browser.get(RUNS, {"q": evil, "of_domain": evil}).content.decode()
    page += operator_browser.get(RUNS).content.decode()
    assert "&lt;img src=x" in page
    assert "<img src=x" not in page


def test_domains_by_what_is_shown_of_their_latest_run(operator_browser):
    now = timezone.now()
    again = DomainFactory(name="again")
    TrainingRunFactory(domain=again, completed=True, created_at=now - timedelta(days=2))
    TrainingRunFactory(domain=again, lost=True, created_at=now - timedelta(days=1))
    TrainingRunFactory(domain__name="done", completed=True)
    DomainFactory(name="never")

    def listed(**query):
        response = operator_browser.get("/admin/training_status/domain/", query)
        return [domain.name for domain in response.context["cl"].result_list]

    assert listed() == ["again", "done", "never"]
    assert listed(shown="completed") == ["done"]
    assert listed(shown="failed") == listed(shown="lost") == ["again"]
    assert listed(shown="never-trained") == ["never"]
    assert listed(q="don") == ["done"]


def test_a_list_cannot_be_sorted_or_shown_whole(operator_browser):
    many_runs(DomainFactory(), 60)
    first = shown(operator_browser)
    assert shown(operator_browser, o="1", all="") == first
    assert len(first) == 50
    assert not re.search(r"Show all|Sort", operator_browser.get(RUNS).content.decode())
