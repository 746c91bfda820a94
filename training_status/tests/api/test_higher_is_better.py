"""Better or worse over HTTP: who declares the direction of a metric, what is refused, and which answers say it."""

import json

import pytest

from tests.support.factories import DomainFactory, TrainingRunFactory, new_id
from training_status.models import AuditEntry, Domain, TrainingRun

pytestmark = pytest.mark.django_db

API = "/api/v1/admin"
DOMAIN = f"{API}/domains/medical"
JSON = "application/json"


@pytest.fixture
def domain():
    return DomainFactory(name="medical")


@pytest.fixture
def run(domain):
    return TrainingRunFactory(domain=domain, run_number=1)


def post(client, path, body):
    return client.post(path, json.dumps(body), content_type=JSON)


def patch(client, body):
    return client.patch(DOMAIN, json.dumps(body), content_type=JSON)


def send(reporter, run, *events):
    numbered = [{"n": number, **event} for number, event in enumerate(events, TrainingRun.objects.get().last_n + 1)]
    return post(reporter, f"{API}/training-runs/{run.public_id}/events", {"events": numbered})


def progress(metrics, **more):
    return {"type": "progress", "fraction": 0.5, "metrics": metrics, **more}


def told(client) -> dict:
    return client.get(f"{DOMAIN}/training-status").json()["higher_is_better"]


def test_fewer_tokens_are_better_without_any_declaration(reporter, viewer, run):
    metrics = {"completion_tokens": 195_000, "entity_f1": 0.8, "throughput": 7, "model": "loss"}
    assert send(reporter, run, progress(metrics)).status_code == 200
    assert told(viewer) == {"completion_tokens": False, "entity_f1": True}


def test_the_most_specific_declaration_wins(operator, reporter, viewer, run):
    send(reporter, run, progress({"loss": 1, "score": 2, "gain": 3, "grip": 4}))
    assert told(viewer) == {"loss": False, "score": True}
    assert patch(operator, {"higher_is_better": {"loss": True, "gain": True, "grip": True}}).status_code == 200
    assert told(viewer) == {"loss": True, "score": True, "gain": True, "grip": True}
    send(reporter, run, progress({"loss": 2}, higher_is_better={"loss": False, "gain": False, "later": True}))
    assert told(viewer) == {"loss": False, "score": True, "gain": False, "grip": True}
    assert patch(operator, {"higher_is_better": {}}).status_code == 200
    assert told(viewer) == {"loss": False, "score": True, "gain": False}
    send(reporter, run, progress({"later": 1}))
    assert told(viewer)["later"] is True


@pytest.mark.parametrize(
    "event",
    [
        progress(None),
        {"type": "log", "level": "INFO", "message": "x"},
        {"type": "complete", "metrics": {"grip": 2}},
        {"type": "fail", "error": "x"},
    ],
    ids=lambda event: event["type"],
)
def test_every_event_with_metrics_can_declare(reporter, viewer, run, event):
    send(reporter, run, progress({"grip": 1}))
    assert send(reporter, run, {**event, "higher_is_better": {"grip": False}}).status_code == 200
    assert told(viewer) == {"grip": False}


def test_a_run_declares_when_it_is_started_and_a_repeated_start_changes_nothing(reporter, viewer, domain):
    start = {"id": str(new_id()), "higher_is_better": {"grip": True}}
    assert post(reporter, f"{DOMAIN}/training-runs", start).status_code == 201
    again = post(reporter, f"{DOMAIN}/training-runs", {**start, "higher_is_better": {"grip": False}})
    assert again.status_code == 200
    run = TrainingRun.objects.get()
    assert run.higher_is_better == {"grip": True}
    send(reporter, run, progress({"grip": 1}))
    assert told(viewer) == {"grip": True}


def test_a_repeated_event_declares_nothing_again(reporter, run):
    first = {"n": 1, **progress({"grip": 1}, higher_is_better={"grip": True})}
    path = f"{API}/training-runs/{run.public_id}/events"
    post(reporter, path, {"events": [first]})
    send(reporter, run, progress({}, higher_is_better={"grip": False}))
    assert post(reporter, path, {"events": [first]}).json()["duplicates"] == 1
    run.refresh_from_db()
    assert run.higher_is_better == {"grip": False}


def test_a_client_that_declares_nothing_changes_nothing(reporter, operator, run):
    send(reporter, run, progress({}, higher_is_better={"grip": True}), progress({"grip": 1}, higher_is_better=None))
    patch(operator, {"description": "Another description."})
    run.refresh_from_db()
    assert (run.higher_is_better, run.domain.higher_is_better) == ({"grip": True}, {})


REFUSED = [
    [],
    "f1",
    True,
    {"f1": 1},
    {"f1": "higher"},
    {"f1": None},
    {"f1": {}},
    {"a\x00b": True},
    {f"metric_{number:05}": True for number in range(1000)},
]


@pytest.mark.parametrize("refused", REFUSED, ids=lambda refused: str(refused)[:20])
def test_what_is_no_declaration_is_refused_and_stores_nothing(operator, reporter, run, refused):
    answers = [
        patch(operator, {"higher_is_better": refused, "description": "Another description."}),
        post(operator, f"{API}/domains", {"name": "legal", "description": "x" * 10, "higher_is_better": refused}),
        post(reporter, f"{DOMAIN}/training-runs", {"higher_is_better": refused}),
        send(reporter, run, progress({"f1": 1}), progress({"f1": 2}, higher_is_better=refused)),
    ]
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(422, "invalid_input")] * 4
    for answer in answers:
        assert "higher_is_better" in answer.json()["detail"]
    assert Domain.objects.get().description == "A domain made for a test."
    stored = TrainingRun.objects.get()
    assert (stored.higher_is_better, stored.metrics, stored.last_n) == ({}, {}, 0)


def test_the_refusal_says_what_is_wrong(operator, reporter, run):
    assert patch(operator, {"higher_is_better": None}).json()["detail"] == (
        "higher_is_better is not valid: expected an object, got null."
    )
    answer = send(reporter, run, progress({}, higher_is_better={"f1": "higher"}))
    assert answer.json()["detail"] == ("events[0].higher_is_better.f1 must be true or false.")


def test_a_phase_declares_nothing(reporter, run):
    answer = send(reporter, run, {"type": "phase", "phase": "loading_data", "higher_is_better": {"f1": True}})
    assert answer.status_code == 422


def test_a_run_with_too_many_declarations_keeps_those_it_has(reporter, run):
    for part in range(5):
        names = {f"metric_{part}_{number:05}": True for number in range(600)}
        assert send(reporter, run, progress({}, higher_is_better=names)).status_code == 200
    run.refresh_from_db()
    assert 1800 <= len(run.higher_is_better) <= 2400
    send(reporter, run, progress({}, higher_is_better={"metric_0_00000": False}))
    run.refresh_from_db()
    assert run.higher_is_better["metric_0_00000"] is False


def test_the_domain_says_what_is_declared_for_it_and_who_changed_it(operator, viewer, domain):
    answer = patch(operator, {"higher_is_better": {"grip": True, 'Ünïcode "x"': False}})
    assert answer.json()["higher_is_better"] == {"grip": True, 'Ünïcode "x"': False}
    assert viewer.get(f"{API}/domains").json()["items"][0]["higher_is_better"]["grip"] is True
    assert AuditEntry.objects.latest("id").details == {
        "higher_is_better": {"from": {}, "to": {"grip": True, 'Ünïcode "x"': False}}
    }
    count = AuditEntry.objects.count()
    assert patch(operator, {"higher_is_better": {'Ünïcode "x"': False, "grip": True}}).status_code == 200
    assert AuditEntry.objects.count() == count


def test_a_domain_is_created_with_it(operator):
    body = {"name": "legal", "description": "x" * 10, "higher_is_better": {"grip": True}}
    assert post(operator, f"{API}/domains", body).json()["higher_is_better"] == {"grip": True}
    assert AuditEntry.objects.latest("id").details["higher_is_better"] == {"grip": True}


def test_a_reporter_declares_nothing_for_a_domain(reporter, domain):
    assert patch(reporter, {"higher_is_better": {"f1": False}}).status_code == 403


def test_every_answer_with_metrics_says_it(reporter, viewer, domain):
    values = {"loss": 1.5, "grip": 2, "speed": 3, "other": 4}
    TrainingRunFactory(
        domain=domain, completed=True, run_number=1, metrics=values, higher_is_better={"grip": True, "speed": True}
    )
    last = TrainingRunFactory(
        domain=domain, completed=True, run_number=2, metrics=values, higher_is_better={"speed": False}
    )
    own = {"loss": False, "speed": False}
    shared = {"loss": False, "grip": True}
    assert told(viewer) == own
    assert viewer.get(f"{API}/training-runs/{last.public_id}").json()["higher_is_better"] == own
    assert viewer.get(f"{DOMAIN}/training-runs").json()["items"][0]["higher_is_better"] == own
    assert viewer.get(DOMAIN).json()["latest_run"]["higher_is_better"] == own
    assert viewer.get(f"{DOMAIN}/training-history").json()["higher_is_better"] == shared
    assert viewer.get(f"{DOMAIN}/training-comparison?run=1&run=2").json()["higher_is_better"] == shared
    assert viewer.get(f"{DOMAIN}/training-metrics").json()["higher_is_better"] == {}


def test_a_pinned_baseline_counts_in_a_comparison_of_others(viewer, domain):
    for number, declared in enumerate([{"grip": False}, {}, {}], 1):
        TrainingRunFactory(
            domain=domain, completed=True, run_number=number, metrics={"grip": 1}, higher_is_better=declared
        )
    Domain.objects.update(baseline_run_number=1)
    body = viewer.get(f"{DOMAIN}/training-comparison?run=2&run=3").json()
    assert body["higher_is_better"] == {"grip": False}


def test_curves_say_it_for_metrics_of_the_log_alone(reporter, viewer, run):
    event = {"type": "log", "level": "INFO", "message": "x", "metrics": {"grip": 1, "loss": 2, "size": 3}}
    send(reporter, run, {**event, "higher_is_better": {"grip": True}})
    assert viewer.get(f"{DOMAIN}/training-metrics").json()["higher_is_better"] == {"grip": True, "loss": False}
    assert told(viewer) == {}
