"""What runs and domains are filtered and searched by."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from tests.support.factories import DomainFactory, TrainingRunFactory
from training_status import run_states
from training_status.displayed_state import is_shown_as
from training_status.models import TrainingRun
from training_status.read.run_facts import runs_by_id
from training_status.serializers.status import TrainingStatusSerializer

pytestmark = pytest.mark.django_db

RUNS = "/admin/training_status/trainingrun/"
MINUTE = timedelta(minutes=1)


def shown(browser, **query):
    """The runs listed, by name, in order."""
    response = browser.get(RUNS, query)
    assert response.status_code == 200
    return [str(run) for run in response.context["cl"].result_list]


def every_state(**limits: float) -> list[TrainingRun]:
    """Runs of all kinds of a domain with these limits of its own."""
    now = timezone.now()
    domain = DomainFactory(**limits)
    early = now - 60 * MINUTE
    silent = {"last_report_at": now - 2 * MINUTE, "last_event_at": now - 2 * MINUTE}
    there = {"last_report_at": now, "last_event_at": now}
    hangs = {"last_report_at": now, "last_event_at": early}
    asked = {"cancel_requested_at": now - MINUTE}
    return [
        TrainingRunFactory(domain=domain, created_at=early, **started, **received, **cancel)
        for started in ({}, {"running": True})
        for received in (silent, there, hangs)
        for cancel in ({}, asked)
    ] + [
        TrainingRunFactory(domain=domain, completed=True),
        TrainingRunFactory(domain=domain, lost=True),
        *(TrainingRunFactory(domain=domain, lost=True, failure_reason=reason) for reason in ("error", "cancelled")),
    ]


WORDS = (*run_states.SHOWN_STATUS.values(), *run_states.HEALTHS, *run_states.FAILURE_REASONS)


@pytest.mark.parametrize("word", WORDS)
def test_a_filter_finds_the_runs_of_which_the_serializer_says_so(word):
    own = [{}, {"stall_limit_s": 600.0}, {"hang_limit_s": 7200.0}, {"stall_limit_s": 9999.0, "hang_limit_s": 60.0}]
    keys, now = [run.id for limits in own for run in every_state(**limits)], timezone.now()
    said = {facts.id: TrainingStatusSerializer(facts, context={"now": now}).data for facts in runs_by_id(keys)}
    expected = {key for key, run in said.items() if word in (run["status"], run["health"], run["failure_reason"])}
    assert expected
    assert set(TrainingRun.objects.filter(is_shown_as(word, now)).values_list("id", flat=True)) == expected


def test_a_domain_s_own_limits_decide_what_is_stalled_and_hanging(operator_browser):
    usual, patient, hasty = (
        every_state(**limits) for limits in ({}, {"stall_limit_s": 600.0, "hang_limit_s": 7200.0},
                                             {"stall_limit_s": 600.0, "hang_limit_s": 60.0})
    )  # fmt: skip
    now = timezone.now()

    def found(word: str, runs: list[TrainingRun]) -> int:
        return TrainingRun.objects.filter(is_shown_as(word, now), id__in=[run.id for run in runs]).count()

    assert [found("stalled", runs) for runs in (usual, patient, hasty)] == [2, 0, 0]
    assert [found("hanging", runs) for runs in (usual, patient, hasty)] == [4, 0, 8]
    assert [found("ok", runs) for runs in (usual, patient, hasty)] == [4, 12, 4]
    assert [found("cancelled", runs) for runs in (usual, patient, hasty)] == [3, 1, 1]


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
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE training_status_trainingrun")  # or it knows what other tests left behind
    for condition, index in (
        ("NOT (tags = '[]'::jsonb) AND tags @> '[\"nightly\"]'::jsonb", "run_by_tag"),
        ("NOT (note = '') AND to_tsvector('simple', note) @@ plainto_tsquery('simple', 'mistake')", "run_by_note"),
    ):
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute(f"EXPLAIN SELECT id FROM training_status_trainingrun WHERE {condition}")
            assert index in str(cursor.fetchall())


def test_domains_by_what_is_shown_of_their_latest_run(operator_browser):
    now = timezone.now()
    again = DomainFactory(name="again")
    TrainingRunFactory(domain=again, completed=True, created_at=now - timedelta(days=2))
    TrainingRunFactory(domain=again, lost=True, created_at=now - timedelta(days=1))
    TrainingRunFactory(domain__name="done", completed=True)
    DomainFactory(name="never")
    silent = now - timedelta(minutes=5)
    for name, own_limit_s in (("patient", 600.0), ("stalled", None)):
        TrainingRunFactory(domain=DomainFactory(name=name, stall_limit_s=own_limit_s), running=True, created_at=silent)

    def listed(**query):
        response = operator_browser.get("/admin/training_status/domain/", query)
        return [domain.name for domain in response.context["cl"].result_list]

    assert listed() == ["again", "done", "never", "patient", "stalled"]
    assert listed(shown="stalled") == ["stalled"]
    assert listed(shown="training") == ["patient", "stalled"]
    assert listed(shown="completed") == ["done"]
    assert listed(shown="failed") == listed(shown="lost") == ["again"]
    assert listed(shown="never-trained") == ["never"]
    assert listed(q="don") == ["done"]
