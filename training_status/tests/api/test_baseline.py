"""The pinned baseline: set over HTTP, seen in every run's status, gone with its run."""

import pytest
from django.db import connection

from tests.support.factories import DomainFactory, TrainingRunFactory
from training_status.errors import Conflict
from training_status.ingest.deletion import delete_run
from training_status.ingest.domains import change_domain
from training_status.ingest.request_schemas import DomainChange
from training_status.models import AuditEntry, Domain, TrainingRun
from training_status.read import run_facts
from training_status.read.run_columns import limits_of_settings
from training_status.read.run_facts import latest_run, run_by_number

pytestmark = pytest.mark.django_db

API = "/api/v1/admin/domains/medical"


@pytest.fixture
def domain():
    """Three completed runs, a lost one, and one that is running."""
    domain = DomainFactory(name="medical")
    for number in (1, 2, 3):
        TrainingRunFactory(domain=domain, completed=True, run_number=number, metrics={"f1": number / 10})
    TrainingRunFactory(domain=domain, lost=True, run_number=4, metrics={"f1": 0.9})
    TrainingRunFactory(domain=domain, running=True, run_number=5)
    return domain


def pin(client, number):
    return client.patch(API, f'{{"baseline_run_number": {number}}}', content_type="application/json")


def baselines(client) -> dict[int, tuple]:
    runs = client.get(f"{API}/training-runs").json()["items"]
    return {run["run_number"]: (run["baseline_run_number"], run["baseline_metrics"]) for run in runs}


def test_it_works(operator, viewer, domain):
    before = {
        1: (None, None),
        2: (1, {"f1": 0.1}),
        3: (2, {"f1": 0.2}),
        4: (3, {"f1": 0.3}),
        5: (3, {"f1": 0.3}),
    }
    assert baselines(viewer) == before
    assert viewer.get(API).json()["baseline_run_number"] is None
    answer = pin(operator, 2)
    assert (answer.status_code, answer.json()["baseline_run_number"]) == (200, 2)
    second = (2, {"f1": 0.2})
    assert baselines(viewer) == {1: second, 2: (1, {"f1": 0.1}), 3: second, 4: second, 5: second}
    assert viewer.get(f"{API}/training-status").json()["baseline_run_number"] == 2
    assert viewer.get(API).json()["latest_run"]["baseline_metrics"] == {"f1": 0.2}
    assert pin(operator, "null").json()["baseline_run_number"] is None
    assert baselines(viewer) == before


def test_what_is_not_named_stays_pinned(operator, domain):
    pin(operator, 2)
    operator.patch(API, '{"stall_limit_s": 5}', content_type="application/json")
    assert operator.get(API).json()["baseline_run_number"] == 2


@pytest.mark.parametrize(
    ("number", "detail"),
    [
        (4, "Run 4 cannot be the baseline: it is not a completed run of domain 'medical'."),
        (5, "Run 5 cannot be the baseline: it is not a completed run of domain 'medical'."),
        (77, "Run 77 cannot be the baseline: it is not a completed run of domain 'medical'."),
    ],
)
def test_only_a_completed_run_of_the_domain(operator, domain, number, detail):
    TrainingRunFactory(completed=True, run_number=77)  # of another domain
    pin(operator, 1)
    answer = operator.patch(
        API, f'{{"baseline_run_number": {number}, "llm_model": "other"}}', content_type="application/json"
    )
    assert answer.status_code == 422
    assert answer.json()["detail"] == detail
    assert answer.json()["errors"] == [{"field": "baseline_run_number", "detail": detail}]
    domain.refresh_from_db()
    assert (domain.baseline_run_number, domain.llm_model) == (1, "qwen3:32b")


@pytest.mark.parametrize("number", ["0", "-1", "1.5", '"1"', "true", str(2**63)])
def test_what_is_no_number_of_a_run(operator, domain, number):
    answer = pin(operator, number)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "baseline_run_number"


def test_it_is_the_operators(client_of, domain):
    assert pin(client_of("viewer"), 1).status_code == 403
    assert pin(client_of("reporter"), 1).status_code == 403
    assert pin(client_of("operator", domain=DomainFactory()), 1).status_code == 404
    assert pin(client_of("operator", domain=domain), 1).status_code == 200


def test_it_is_recorded(operator, domain):
    pin(operator, 1)
    pin(operator, 1)
    pin(operator, 3)
    entries = AuditEntry.objects.filter(action="changed", subject="domain", name="medical").order_by("id")
    assert [entry.details for entry in entries] == [
        {"baseline_run_number": {"from": None, "to": 1}},
        {"baseline_run_number": {"from": 1, "to": 3}},
    ]


def test_it_goes_with_its_run(operator, domain):
    pin(operator, 2)
    delete_run(TrainingRun.objects.get(run_number=1).public_id)
    assert Domain.objects.get().baseline_run_number == 2
    delete_run(TrainingRun.objects.get(run_number=2).public_id)
    assert Domain.objects.get().baseline_run_number is None
    assert run_by_number("medical", 5).baseline_run_number == 3
    last = AuditEntry.objects.order_by("id").last()
    assert (last.action, last.details) == ("changed", {"baseline_run_number": {"from": 2, "to": None}})


def test_a_refused_deletion_leaves_the_pin(domain):
    change_domain("medical", DomainChange(baseline_run_number=3))
    with pytest.raises(Conflict):
        delete_run(TrainingRun.objects.get(run_number=5).public_id)
    assert Domain.objects.get().baseline_run_number == 3


@pytest.mark.parametrize("pinned", [None, 1])
def test_a_reader_looks_into_indexes_alone(domain, pinned):
    """Whatever there is beside it: the runs of a long history are not read for the baseline of one."""
    first = TrainingRun.objects.get(run_number=1)
    facts = {
        field.attname: getattr(first, field.attname)
        for field in TrainingRun._meta.concrete_fields
        if field.name not in ("id", "public_id", "run_number")
    }
    TrainingRun.objects.bulk_create(TrainingRun(**facts, run_number=number) for number in range(10, 5010))
    Domain.objects.update(baseline_run_number=pinned)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE training_status_trainingrun")
        run_ids = list(TrainingRun.objects.filter(run_number__gt=4960).values_list("id", flat=True))
        parameters = limits_of_settings() | {"run_ids": run_ids}
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {run_facts._BY_IDS}", parameters)
        (plan,) = cursor.fetchone()
    scans = [node for node in nodes_of(plan[0]["Plan"]) if node.get("Relation Name") == "training_status_trainingrun"]
    of_baseline = [node for node in scans if node["Alias"] in ("compared", "earlier")]
    assert len(of_baseline) == 2
    for scan in of_baseline:
        assert scan["Node Type"] in ("Index Scan", "Index Only Scan")
        assert scan["Actual Rows"] <= 1
        assert scan.get("Rows Removed by Filter", 0) == 0
    assert latest_run("medical").baseline_run_number == (pinned or 3)


def nodes_of(plan: dict) -> list[dict]:
    return [plan, *(node for part in plan.get("Plans", []) for node in nodes_of(part))]
