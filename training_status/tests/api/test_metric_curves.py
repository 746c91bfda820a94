"""The curves of a run's metrics over HTTP."""

import pytest

from tests.support.factories import DomainFactory, TrainingRunFactory, send
from training_status.ingest.batch import LogEvent, ProgressEvent

pytestmark = pytest.mark.django_db

API = "/api/v1/admin"


@pytest.fixture
def run():
    run = TrainingRunFactory()
    send(
        run,
        *[ProgressEvent(n=n, fraction=n / 10, metrics={"f1": n / 10}) for n in range(1, 10)],
        LogEvent(n=10, level="INFO", message="", metrics={"f1": "not measured"}),
    )
    return run


def test_it_works(viewer, run):
    response = viewer.get(f"{API}/domains/{run.domain.name}/training-metrics")
    assert response.status_code == 200
    assert response["Cache-Control"] == "private, no-cache"
    body = response.json()
    (curve,) = body.pop("curves")
    assert body == {
        "domain_name": run.domain.name,
        "run_number": run.run_number,
        "higher_is_better": {"f1": True},
        "first_seq": 1,
        "last_seq": 10,
        "is_exact": True,
    }
    assert curve["name"] == "f1"
    assert all(point.pop("timestamp").endswith("Z") for point in curve["points"])
    assert curve["points"] == [{"seq": n, "value": n / 10} for n in range(1, 10)]


def test_it_takes_four_queries(viewer, run, django_assert_num_queries):
    address = f"{API}/domains/{run.domain.name}/training-metrics"
    viewer.get(address)  # notes the token's use, at most once a minute
    with django_assert_num_queries(4):
        viewer.get(address)


def test_fewer_points(viewer, run):
    (curve,) = viewer.get(f"{API}/domains/{run.domain.name}/training-metrics?points=4").json()["curves"]
    assert [point["seq"] for point in curve["points"]] == [1, 2, 8, 9]


def test_an_older_run(viewer, run):
    newer = TrainingRunFactory(domain=run.domain, run_number=run.run_number + 1)
    address = f"{API}/domains/{run.domain.name}/training-metrics"
    assert viewer.get(address).json()["run_number"] == newer.run_number
    assert viewer.get(f"{address}?run={run.run_number}").json()["run_number"] == run.run_number


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("points=3", "points must be 4-1000"),
        ("points=1001", "points must be 4-1000"),
        ("points=" + "9" * 40, "points must be 4-1000"),
        ("points=many", "points must be 4-1000"),
        ("points=", "points must be 4-1000"),
        ("run=0", "run must be a positive whole number"),
        ("run=x", "run must be a positive whole number"),
    ],
)
def test_a_wrong_parameter_is_refused(viewer, run, query, detail):
    response = viewer.get(f"{API}/domains/{run.domain.name}/training-metrics?{query}")
    assert response.status_code == 422
    assert response.json()["errors"] == [{"field": query.partition("=")[0], "detail": detail}]


def test_an_unknown_domain_or_run(viewer, run):
    never_trained = DomainFactory()
    for path, code in (
        ("nowhere/training-metrics", "domain_not_found"),
        ("a%00b/training-metrics", "domain_not_found"),
        (f"{never_trained.name}/training-metrics", "no_training"),
        (f"{run.domain.name}/training-metrics?run=999", "run_not_found"),
        (f"{run.domain.name}/training-metrics?run=" + "9" * 30, "run_not_found"),
    ):
        response = viewer.get(f"{API}/domains/{path}")
        assert (response.status_code, response.json()["code"]) == (404, code), path


def test_a_token_of_another_domain_finds_nothing(client_of, run):
    stranger = client_of("operator", domain=DomainFactory())
    for query in ("", f"?run={run.run_number}"):
        assert stranger.get(f"{API}/domains/{run.domain.name}/training-metrics{query}").status_code == 404
