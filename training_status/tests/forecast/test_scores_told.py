"""Forecast accuracy, told with the history, on its page and in the admin."""

from datetime import timedelta

import pytest
from django.test import Client
from rest_framework.test import APIClient

from tests.support.factories import DomainFactory, TrainingRunFactory
from training_status.models import Domain, ForecastMark, TrainingRun
from training_status.read.forecast_scores import forecast_scores

pytestmark = pytest.mark.django_db

API = "/api/v1/admin"


def marked(domain: Domain, *, told_s: float, method: str = "history", percent: int = 50) -> TrainingRun:
    """A run of which so many seconds were forecast when 100 were left, give or take a fifth; the formula said 200."""
    run: TrainingRun = TrainingRunFactory(domain=domain, completed=True)
    ForecastMark.objects.create(
        run=run,
        percent=percent,
        forecast_at=run.ended_at - timedelta(seconds=100),
        method=method,
        based_on_runs=3,
        left_s=told_s,
        low_s=told_s * 0.8,
        high_s=told_s * 1.2,
        linear_left_s=200.0,
        linear_sigma=0.5,
        learned_left_s=told_s,
        learned_sigma=0.2,
    )
    return run


def test_error_and_coverage_by_method_and_mark() -> None:
    domain = DomainFactory()
    marked(domain, told_s=110)
    marked(domain, told_s=150)
    marked(domain, told_s=100, percent=90)
    marked(domain, told_s=300, method="shares")
    history, shares = forecast_scores(domain.name)
    assert (history.method, history.total.forecasts, history.total.runs) == ("history", 3, 3)
    assert history.total.error == pytest.approx(0.2)
    assert history.total.linear_error == pytest.approx(1.0)
    assert history.total.covered == pytest.approx(2 / 3)
    assert {percent: score.error for percent, score in history.by_percent.items()} == pytest.approx({50: 0.3, 90: 0.0})
    assert (shares.method, shares.total.error, shares.total.covered) == ("shares", pytest.approx(2.0), 0)


def test_runs_that_did_not_complete_and_other_domains_do_not_count() -> None:
    run = marked(DomainFactory(), told_s=100)
    other = TrainingRunFactory(lost=True)
    ForecastMark.objects.update(run=other)
    assert forecast_scores(other.domain.name) == []
    assert forecast_scores(run.domain.name) == []
    assert forecast_scores("nowhere") == []


def test_a_forecast_of_the_moment_of_the_end_is_not_scored() -> None:
    run = marked(DomainFactory(), told_s=100)
    ForecastMark.objects.update(forecast_at=run.ended_at)
    assert forecast_scores(run.domain.name) == []


def test_the_history_tells_them(viewer: APIClient) -> None:
    domain = DomainFactory()
    marked(domain, told_s=150)
    told = viewer.get(f"{API}/domains/{domain.name}/training-history").json()["forecast_scores"]
    numbers = {"forecasts": 1, "runs": 1, "error": 0.5, "linear_error": 1.0, "covered": 0.0}
    assert told == [{"method": "history", **numbers, "by_percent": [{"percent": 50, **numbers}]}]


def test_pages_show_them(admin_client: Client) -> None:
    domain = DomainFactory()
    marked(domain, told_s=150)
    for address in (f"/domains/{domain.name}/history", f"/admin/training_status/domain/{domain.pk}/change/"):
        page = admin_client.get(address).content.decode()
        assert "Forecast accuracy" in page
        assert "<td>–</td><td>–</td><td>50 %</td><td>–</td><td>–</td><td>50 %</td><td>100 %</td><td>0 %</td>" in page
