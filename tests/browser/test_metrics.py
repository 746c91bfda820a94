"""A run's metrics against the baseline, and their curves over the run, live."""

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.support.axe import violations
from tests.support.domains import create_domain
from tests.support.pages import EMPTY_PAGE, mount, widest_overflow
from tests.support.running_service import Service
from tests.support.runs import Run, complete, log, progress

NewPage = Callable[[str], Page]


@pytest.fixture
def page(service: Service, quiet_page: NewPage) -> Page:
    """A page of the service."""
    return quiet_page(f"{service.url}{EMPTY_PAGE}")


def show_metrics(page: Page, metrics: dict[str, Any], baseline: dict[str, Any] | None, **status: Any) -> None:
    """Show them as those of a status object."""
    if not page.locator(".metric-rows").count():
        mount(page, "metrics_view.js", "MetricsView", {"domain": "medical", "runNumber": 2})
    status = {
        "metrics": metrics,
        "baseline_metrics": baseline,
        "baseline_run_number": 1,
        "higher_is_better": {},
        "completed_at": None,
        **status,
    }
    page.evaluate("status => part.update(status)", status)


def rows(page: Page) -> list[list[str]]:
    """Name, value, difference and baseline of each metric."""
    return [
        [row.locator(f".metric-{column}").inner_text() for column in ("name", "value", "difference", "baseline")]
        for row in page.locator(".metric-rows li").all()
    ]


def test_the_difference_in_words_and_sign(page: Page) -> None:
    baseline = {"entity_f1": 0.75, "relation_f1": 0.85, "loss": 2, "step_ms": 12, "train_s": 60, "same": 0.5}
    metrics = {"entity_f1": 0.87, "relation_f1": 0.82, "loss": 1.5, "step_ms": 20, "train_s": 58.5, "same": 0.5}
    directions = {"entity_f1": True, "relation_f1": True, "loss": False, "step_ms": False, "same": True}
    show_metrics(page, metrics, baseline, higher_is_better=directions)
    assert rows(page) == [
        ["entity f1", "0.87", "+0.12, better", "baseline 0.75"],
        ["loss", "1.5", "-0.5, better", "baseline 2"],
        ["relation f1", "0.82", "-0.03, worse", "baseline 0.85"],
        ["same", "0.5", "same", "baseline 0.5"],
        ["step ms", "20", "+8, worse", "baseline 12"],
        ["train s", "58.5", "-1.5", "baseline 60"],
    ]
    assert violations(page) == []


def colour(page: Page) -> str:
    return page.locator(".metric-difference").evaluate("element => getComputedStyle(element).color")  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", ["loss", "f1", "throughput", "constructor"])
def test_the_page_has_no_rule_of_its_own_for_better_or_worse(page: Page, name: str) -> None:
    show_metrics(page, {name: 0.25}, {name: 0.5})
    expect(page.locator(".metric-difference")).to_have_text("-0.25")
    plain = colour(page)
    show_metrics(page, {name: 0.25}, {name: 0.5}, higher_is_better={name: False})
    expect(page.locator(".metric-difference")).to_have_text("-0.25, better")
    better = colour(page)
    show_metrics(page, {name: 0.25}, {name: 0.5}, higher_is_better={name: True})
    expect(page.locator(".metric-difference")).to_have_text("-0.25, worse")
    assert len({plain, better, colour(page)}) == 3
    show_metrics(page, {name: 0.25}, {name: 0.5})
    assert colour(page) == plain


def test_fewer_tokens_are_better_and_of_others_nothing_is_said(
    service: Service, quiet_page: NewPage, operator: httpx.Client
) -> None:
    """The same on the page of a run, in the history, in the comparison and in the admin, live."""
    name = create_domain(operator)
    Run(operator, name).send(complete(metrics={"completion_tokens": 324_900, "entity_f1": 0.75, "throughput": 7}))
    run = Run(operator, name)
    run.send(progress(0.5, metrics={"completion_tokens": 195_000, "entity_f1": 0.87, "throughput": 9}))
    live = quiet_page(f"{service.url}/domains/{name}")
    differences = live.locator("#metrics .metric-difference")
    expect(differences).to_have_text(["-129,900, better", "+0.12, better", "+2"])
    history = live.context.new_page()
    history.goto(f"{service.url}/domains/{name}/history?run=1&run=2")
    in_history = history.locator(".run-metrics .difference")
    expect(in_history).to_have_text(["-129,900, better", "+0.12, better", "+2"])
    compared = history.get_by_role("region", name="Metrics of the runs").locator(".difference:not(:text('baseline'))")
    expect(compared).to_have_text(["-129,900, better", "+0.12, better", "+2"])

    operator.patch(f"/domains/{name}", json={"higher_is_better": {"throughput": True}})
    expect(differences).to_have_text(["-129,900, better", "+0.12, better", "+2, better"])
    expect(in_history).to_have_text(["-129,900, better", "+0.12, better", "+2, better"])
    run.send(progress(0.6, metrics={"entity_f1": 0.88}, higher_is_better={"throughput": False}))
    expect(differences).to_have_text(["-129,900, better", "+0.13, better", "+2, worse"])
    expect(in_history).to_have_text(["-129,900, better", "+0.13, better", "+2, worse"])


def test_what_is_not_a_number_is_text_and_null_a_dash(page: Page) -> None:
    show_metrics(page, {"b": "<img src=x onerror=alert(1)>", "a": None, "c": True, "f1": 0.5}, None)
    assert rows(page) == [
        ["f1", "0.5", "no baseline", ""],
        ["a", "–", "", ""],
        ["b", "<img src=x onerror=alert(1)>", "", ""],
        ["c", "true", "", ""],
    ]
    assert page.locator(".metric-rows img").count() == 0
    expect(page.get_by_text("marks the baseline")).to_be_hidden()


def bar(page: Page) -> list[str]:
    """Where the bar begins and ends, and where the baseline's mark is."""
    properties = page.locator(".metric-bar").get_attribute("style") or ""
    return [part.partition(":")[2].strip() for part in properties.split(";") if part.strip()]


def test_bars_have_the_scale_that_their_values_need(page: Page) -> None:
    show_metrics(page, {"f1": 0.87}, {"f1": 0.75})
    assert bar(page) == ["0.00%", "87.00%", "75.00%"]
    expect(page.locator(".metric-scale")).to_have_text("")
    show_metrics(page, {"f1": 30}, {"f1": 75})
    assert bar(page) == ["0.00%", "30.00%", "75.00%"]
    expect(page.locator(".metric-scale")).to_have_text("scale 0 to 100")
    show_metrics(page, {"f1": -50}, {"f1": 50})
    assert bar(page) == ["0.00%", "50.00%", "100.00%"]
    expect(page.locator(".metric-scale")).to_have_text("scale -50 to 50")


def test_no_metric(page: Page) -> None:
    show_metrics(page, {}, None)
    expect(page.get_by_text("No metrics yet.")).to_be_visible()
    show_metrics(page, {}, None, completed_at="2026-01-20T15:05:00Z")
    expect(page.get_by_text("No metrics reported.", exact=True)).to_be_visible()
    show_metrics(page, {"f1": 1}, None)
    expect(page.get_by_text("No metric was reported")).to_be_hidden()


# Curves


def show_curves(page: Page, run: Run) -> None:
    mount(page, "metric_curves.js", "MetricCurves", {"domain": run.domain, "runNumber": run.number})


def append(page: Page, *entries: dict[str, Any]) -> None:
    """As the stream hands new entries over."""
    told = [{"timestamp": "2026-01-20T15:05:00Z", "metrics": None, **entry} for entry in entries]
    page.evaluate("entries => part.append(entries)", told)


def curve(page: Page, name: str) -> Any:
    return page.get_by_role("img", name=f"{name}: ")


def test_curves_so_far_and_live(page: Page, run: Run) -> None:
    run.send(progress(0.1, metrics={"entity_f1": 0.5, "loss": 9}), log(), progress(0.2, metrics={"entity_f1": 0.25}))
    show_curves(page, run)
    expect(curve(page, "entity f1")).to_have_accessible_name(
        "entity f1: 2 values from log line 1 to 3, first 0.5, last 0.25, lowest 0.25, highest 0.5"
    )
    expect(curve(page, "loss")).to_have_accessible_name(
        "loss: 1 value from log line 1 to 1, first 9, last 9, lowest 9, highest 9"
    )
    told_before = {"seq": 3, "metrics": {"entity_f1": 0}}
    append(page, told_before, {"seq": 4}, {"seq": 5, "metrics": {"entity_f1": 0.75, "accuracy": 1, "text": "9"}})
    expect(curve(page, "entity f1")).to_have_accessible_name(
        "entity f1: 3 values from log line 1 to 5, first 0.5, last 0.75, lowest 0.25, highest 0.75"
    )
    assert page.locator(".chart-name").all_inner_texts() == ["accuracy", "entity f1", "loss"]
    line = page.locator(".chart").nth(1).locator(".chart-line")
    expect(line).to_have_attribute("d", "M0.0 50.00L500.0 91.67L1000.0 8.33")
    assert violations(page) == []


def test_the_values_as_a_table(page: Page, run: Run) -> None:
    run.send(progress(0.1, metrics={"f1": 0.5}, timestamp="2026-01-20T15:05:00Z"))
    show_curves(page, run)
    page.get_by_text("Values of f1").focus()
    page.keyboard.press("Enter")
    cells = page.locator(".chart-values tbody td")
    expect(cells).to_have_text(["1", re.compile("Jan 20, 2026"), "0.5"])
    expect(page.get_by_role("link", name="1")).to_have_attribute("href", "#L1")
    append(page, {"seq": 2, "metrics": {"f1": 0.625}})
    expect(cells).to_have_count(6)
    assert violations(page) == []


def test_the_value_under_the_pointer(page: Page, run: Run) -> None:
    run.send(*[progress(n / 10, metrics={"f1": n}) for n in range(1, 6)])
    show_curves(page, run)
    drawing = page.locator(".chart svg")
    size = drawing.bounding_box()
    assert size
    expect(page.locator(".chart-reading")).to_have_text("5")
    drawing.hover(position={"x": size["width"] * 0.27, "y": size["height"] / 2})
    expect(page.locator(".chart-reading")).to_contain_text("2 · line 2, ")
    page.mouse.move(0, 0)
    expect(page.locator(".chart-reading")).to_have_text("5")


def test_a_curve_that_goes_on_for_long_stays_small(page: Page, run: Run) -> None:
    show_curves(page, run)
    expect(page.get_by_text("Loading metrics")).to_be_hidden()
    append(page, *({"seq": n, "metrics": {"f1": 99 if n == 777 else n % 7}} for n in range(1, 5001)))
    name = curve(page, "f1").get_attribute("aria-label")
    assert 200 <= int(name.split()[1]) <= 400
    assert name.endswith("from log line 1 to 5000, first 1, last 2, lowest 0, highest 99")


@pytest.mark.parametrize("values", [[-1.7e308, 0, 1.7e308], [0, 1.7e308], [0, 5e-324], [1, 1 + 2**-52], [0, 0], [-7]])
def test_values_of_any_size_can_be_drawn(page: Page, run: Run, values: list[float]) -> None:
    run.send(*[progress(0.1, metrics={"f1": value}) for value in values])
    show_curves(page, run)
    expect(curve(page, "f1")).to_be_visible()
    for path in page.locator(".chart path").all():
        assert "NaN" not in (path.get_attribute("d") or "")
    show_metrics(page, {"f1": values[0]}, {"f1": values[-1]})


def test_a_service_that_was_away_can_be_asked_again(service: Service, page: Page, run: Run) -> None:
    run.send(progress(0.1, metrics={"f1": 0.5}))
    away = page.context.new_page()  # whose console may tell of it
    away.goto(f"{service.url}{EMPTY_PAGE}")
    away.route("**/training-metrics*", lambda route: route.abort(), times=1)
    show_curves(away, run)
    expect(away.get_by_text("Could not load the metric curves: The service cannot be reached.")).to_be_visible()
    run.send(progress(0.2, metrics={"f1": 0.75}))
    append(away, {"seq": 2, "metrics": {"f1": 0.75}})
    away.get_by_role("button", name="Try again").click()
    expect(curve(away, "f1")).to_have_accessible_name(re.compile("^f1: 2 values"))
    expect(away.get_by_role("button", name="Try again")).to_be_hidden()


def test_both_fit_a_narrow_window(page: Page, run: Run) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    run.send(*[progress(n / 100, metrics={"a_metric_with_quite_a_long_name": n}) for n in range(99)], complete())
    show_metrics(page, {"a_metric_with_quite_a_long_name": 12345.678}, {"a_metric_with_quite_a_long_name": 12000})
    assert widest_overflow(page) == 0
    show_curves(page, run)
    expect(curve(page, "a metric with quite a long name")).to_be_visible()
    assert widest_overflow(page) == 0
