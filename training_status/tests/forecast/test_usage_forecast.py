"""The forecast of cost and tokens from the events of a run to its status, and its score."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from tests.support.exported_runs import export, put_back
from tests.support.factories import DomainFactory, TrainingRunFactory, send
from training_status.ingest.batch import CompleteEvent, Event, FailEvent, PhaseEvent, ProgressEvent
from training_status.ingest.deletion import delete_run
from training_status.ingest.optimizer_events import UsageEvent, UsedModel
from training_status.models import Domain, RunForecast, TrainingRun, UsageForecastMark
from training_status.phases import PHASE_NAMES
from training_status.read.run_facts import run_by_public_id
from training_status.read.usage_forecast_scores import usage_forecast_scores
from training_status.serializers.status import TrainingStatusSerializer

pytestmark = pytest.mark.django_db

API = "/api/v1/admin"
ENTITY, RELATION, VALIDATION = PHASE_NAMES[2], PHASE_NAMES[3], PHASE_NAMES[5]
CALLS = ((ENTITY, 12), (RELATION, 9), (VALIDATION, 3))  # each costs 0.1 USD, and 100 tokens


def used(cost: float | None = 0.1, currency: str = "USD", tokens: int = 100, **more: Any) -> UsedModel:
    price = {} if cost is None else {"cost": cost, "currency": currency}
    return UsedModel(model="a", calls=1, input_tokens=tokens - tokens // 4, output_tokens=tokens // 4, **price, **more)


def told(*, factor: float = 1.0, **price: Any) -> list[Event]:
    """What a whole run reports, with a usage event for each call, and progress after it."""
    cost = price.pop("cost", 0.1)
    events: list[Event] = []
    for phase, calls in CALLS:
        events.append(PhaseEvent(n=len(events) + 1, phase=phase))
        for call in range(1, calls + 1):
            model = used(None if cost is None else cost * factor, tokens=round(100 * factor), **price)
            events.append(UsageEvent(n=len(events) + 1, models=[model]))
            events.append(ProgressEvent(n=len(events) + 1, fraction=call / calls))
    return [*events, CompleteEvent(n=len(events) + 1)]


def completed(domain: Domain, *, one_by_one: bool = False, **price: Any) -> TrainingRun:
    run: TrainingRun = TrainingRunFactory(domain=domain)
    if one_by_one:
        for event in told(**price):
            send(run, event)
    else:
        send(run, *told(**price))
    return run


def at_half(run: TrainingRun, **price: Any) -> dict[str, Any]:
    """The forecast at 27.5 percent, after six of twelve calls in the entity phase."""
    send(run, *told(**price)[: 1 + 2 * 6])
    return forecast_of(run)


def forecast_of(run: TrainingRun) -> Any:
    facts = run_by_public_id(run.public_id)
    assert facts is not None
    return TrainingStatusSerializer(facts).data["usage_forecast"]


def test_a_first_run_goes_by_its_own_pace() -> None:
    forecast = at_half(TrainingRunFactory())
    assert forecast["cost"]["total"] == pytest.approx(0.6 / 17.5 * 90, rel=0.05)
    assert forecast["cost"]["low"] < 2.4 < forecast["cost"]["high"]
    basis = {"method": "linear", "based_on_runs": 0}
    assert forecast["cost"] == forecast["cost"] | basis | {"currency": "USD", "is_lower_bound": False}
    assert forecast["tokens"] == forecast["tokens"] | basis
    assert forecast["tokens"]["total"] == pytest.approx(600 / 17.5 * 90, rel=0.05)


def test_a_run_like_those_before_it_is_known() -> None:
    domain = DomainFactory()
    for factor in (0.9, 1.0, 1.1):
        completed(domain, factor=factor)
    forecast = at_half(TrainingRunFactory(domain=domain))
    for amount, total in (("cost", 2.4), ("tokens", 2400)):
        assert forecast[amount]["total"] == pytest.approx(total, rel=0.05)
        assert forecast[amount]["low"] < total < forecast[amount]["high"]
        assert (forecast[amount]["method"], forecast[amount]["based_on_runs"]) == ("history", 3)
    assert type(forecast["tokens"]["low"]) is int


def test_usage_alone_renews_it() -> None:
    run = TrainingRunFactory()
    before = at_half(run)
    send(run, UsageEvent(n=14, models=[used(cost=5, tokens=10_000)]))
    after = forecast_of(run)
    assert after["cost"]["low"] >= 5.6 > before["cost"]["total"]
    assert after["tokens"]["low"] >= 10_600


def test_an_unknown_cost_is_not_zero() -> None:
    run = TrainingRunFactory()
    forecast = at_half(run, cost=None)
    assert forecast["cost"] is None
    assert forecast["tokens"]["total"] > 600
    send(run, UsageEvent(n=14, models=[used()]))
    assert forecast_of(run)["cost"]["is_lower_bound"] is True


def test_a_cached_call_without_a_cost_is_not_unknown() -> None:
    run = TrainingRunFactory()
    at_half(run)
    send(run, UsageEvent(n=14, models=[used(None, cached_calls=1)]))
    assert forecast_of(run)["cost"]["is_lower_bound"] is False


def test_what_was_learned_from_calls_without_a_cost_is_a_lower_bound() -> None:
    domain = DomainFactory()
    earlier = TrainingRunFactory(domain=domain)
    *events, end = told()
    send(earlier, *events, UsageEvent(n=end.n, models=[used(None)]), CompleteEvent(n=end.n + 1))
    forecast = at_half(TrainingRunFactory(domain=domain))
    assert (forecast["cost"]["based_on_runs"], forecast["cost"]["is_lower_bound"]) == (1, True)


def test_several_currencies_have_no_forecast() -> None:
    run = TrainingRunFactory()
    at_half(run)
    send(run, UsageEvent(n=14, models=[used(currency="EUR")]))
    assert forecast_of(run)["cost"] is None


def test_runs_in_another_currency_teach_about_tokens_alone() -> None:
    domain = DomainFactory()
    completed(domain, currency="EUR")
    forecast = at_half(TrainingRunFactory(domain=domain))
    assert (forecast["cost"]["method"], forecast["tokens"]["method"]) == ("linear", "history")


def test_a_currency_that_is_known_later_is_learned_about_then() -> None:
    domain = DomainFactory()
    completed(domain)
    run = TrainingRunFactory(domain=domain)
    assert at_half(run, cost=None)["cost"] is None
    send(run, UsageEvent(n=14, models=[used()]))
    assert forecast_of(run)["cost"]["method"] == "history"


def test_runs_that_did_not_complete_and_other_domains_teach_nothing() -> None:
    domain = DomainFactory()
    failed = TrainingRunFactory(domain=domain)
    send(failed, *told()[:-1], FailEvent(n=len(told()), error="it burst"))
    completed(DomainFactory())
    assert at_half(TrainingRunFactory(domain=domain))["cost"]["method"] == "linear"


def test_nothing_is_said_before_anything_is_known_and_after_the_end() -> None:
    run = TrainingRunFactory()
    assert forecast_of(run) is None
    send(run, UsageEvent(n=1, models=[used()]))
    assert forecast_of(run) is None  # no progress
    silent = TrainingRunFactory()
    send(silent, PhaseEvent(n=1, phase=ENTITY), ProgressEvent(n=2, fraction=0.5))
    assert forecast_of(silent) is None  # no usage
    over = completed(DomainFactory(), one_by_one=True)
    assert RunForecast.objects.get(run=over).learned_usage is not None
    assert forecast_of(over) is None
    assert TrainingRun.objects.get(id=over.id).usage_estimate == {}


def test_a_status_read_asks_nothing_more_for_it(viewer: APIClient) -> None:
    domain = DomainFactory()
    completed(domain)
    run = TrainingRunFactory(domain=domain)

    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            answer = viewer.get(f"{API}/domains/{domain.name}/training-status", {"run": run.run_number})
        assert answer.status_code == 200
        return len(asked)

    queries()  # notes the token's use, at most once a minute
    without = queries()
    assert at_half(run) is not None
    assert queries() == without


def test_what_is_learned_is_asked_for_once_a_run() -> None:
    domain = DomainFactory()
    completed(domain)
    with CaptureQueriesContext(connection) as asked:
        completed(domain, one_by_one=True)
    assert len([query for query in asked if "jsonb_build_array(tokens, cost)" in query["sql"]]) == 1


def test_marks_are_kept_and_scored(viewer: APIClient, admin_client: Client) -> None:
    domain = DomainFactory()
    first = completed(domain, one_by_one=True)
    marks = UsageForecastMark.objects.filter(run=first)
    assert list(marks.filter(amount="cost").values_list("percent", flat=True)) == [25, 50, 75, 90]
    assert set(marks.values_list("amount", "currency")) == {("cost", "USD"), ("tokens", "")}
    marks.update(total=1.2, low=1.0, high=2.3)
    marks.filter(amount="cost", percent=50).update(total=3.0, high=3.0)
    cost, tokens = usage_forecast_scores(domain.name)
    assert (cost.amount, cost.method, cost.total.forecasts, cost.total.runs) == ("cost", "linear", 4, 1)
    assert {percent: score.error for percent, score in cost.by_percent.items()} == pytest.approx(
        {25: 0.5, 50: 0.25, 75: 0.5, 90: 0.5}
    )
    assert (cost.total.error, cost.total.covered) == (pytest.approx(1.75 / 4), 0.25)
    assert (tokens.amount, tokens.total.error) == ("tokens", pytest.approx(1 - 1.2 / 2400))

    answer = viewer.get(f"{API}/domains/{domain.name}/training-history").json()["usage_forecast_scores"]
    assert [(one["amount"], one["forecasts"], len(one["by_percent"])) for one in answer] == [
        ("cost", 4, 4),
        ("tokens", 4, 4),
    ]
    for address in (f"/domains/{domain.name}/history", f"/admin/training_status/domain/{domain.pk}/change/"):
        page = admin_client.get(address).content.decode()
        assert "<td>50 %</td><td>25 %</td><td>50 %</td><td>50 %</td>" in page


def test_a_run_that_is_under_way_or_failed_is_not_scored() -> None:
    run = TrainingRunFactory()
    for event in told()[:-1]:
        send(run, event)
    assert UsageForecastMark.objects.filter(run=run).exists()
    assert usage_forecast_scores(run.domain.name) == []
    send(run, FailEvent(n=len(told()), error="it burst"))
    assert usage_forecast_scores(run.domain.name) == []


@pytest.mark.django_db(transaction=True)
def test_marks_are_deleted_exported_and_imported_with_their_run() -> None:
    run = completed(DomainFactory(name="medical"), one_by_one=True)
    before = list(UsageForecastMark.objects.values_list("amount", "percent", "total", "low", "high", "currency"))
    assert len(before) == 8
    exported = export(run)
    delete_run(run.public_id)
    assert not UsageForecastMark.objects.exists()
    put_back(exported)
    assert (
        list(UsageForecastMark.objects.values_list("amount", "percent", "total", "low", "high", "currency")) == before
    )
    assert [score.total.forecasts for score in usage_forecast_scores("medical")] == [4, 4]
