"""Numbers on the pages: exact where they are whole, told apart where they differ, and every digit to be had."""

import re
from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import Error, Locator, Page, expect

from tests.support.axe import violations
from tests.support.domains import create_domain
from tests.support.pages import EMPTY_PAGE, widest_overflow
from tests.support.running_service import Service
from tests.support.runs import Run, complete, log, phase, progress

NewPage = Callable[[str], Page]

EARLIER = {
    "count": 1234567,
    "huge": 12345678901234567890,
    "near_one": 0.99996,
    "percent": 99.996,
    "ratio": 0.8765432,
    "sum": 0.3,
    "tiny": 1e-9,
    "tokens": 324900,
    "zero": -0.0,
}
LATER = EARLIER | {
    "count": 1234568,
    "huge": 12345678901234567891,
    "near_one": 0.99997,
    "percent": 99.997,
    "ratio": 0.7654321,
    "sum": 0.1 + 0.2,
    "tokens": 195000,
}
SHOWN = [
    ["count", "1,234,568", "+1", "1,234,567"],
    ["huge", "12,345,678,901,234,567,891", "+1", "12,345,678,901,234,567,890"],
    ["near one", "0.99997", "+0.00001", "0.99996"],
    ["percent", "99.997", "+0.001", "99.996"],
    ["ratio", "0.7654", "-0.1111", "0.8765"],
    ["sum", "0.30000000000000004", "+4e-17", "0.3"],
    ["tiny", "1e-9", "same", "1e-9"],
    ["tokens", "195,000", "-129,900", "324,900"],
    ["zero", "0", "same", "0"],
]
ALL_DIGITS = "Show all digits"
_TICKS = """import("/static/dashboard/js/scale.js").then(({niceScale, tickText}) =>
    cases.map(([low, high]) => niceScale(low, high, 3).ticks.map(tick => [tick, tickText(tick)])))"""


_ROUND_TRIP = """text => import("/static/dashboard/js/exact_json.js")
    .then(({parseJson, jsonText}) => jsonText(parseJson(text)))"""


@pytest.fixture
def domain(operator: httpx.Client) -> str:
    """A domain with two runs whose metrics differ by little."""
    name = create_domain(operator)
    for metrics in (EARLIER, LATER):
        run = Run(operator, name, config={"seed": 2**53 + len(metrics)}, sample_count=1234567)
        run.send(phase("loading_data"), progress(0.5, metrics=metrics), complete(metrics=metrics, result=dict(metrics)))
    return name


@pytest.fixture
def open_page(service: Service, quiet_page: NewPage) -> NewPage:
    """A function that opens a page of the service."""
    return lambda path: quiet_page(f"{service.url}{path}")


def cells(row: Locator, *names: str) -> list[str]:
    """What a row says in each of its parts, without the word before the baseline and whether it is better."""
    texts = [row.locator(name).inner_text() for name in names]
    return [re.sub(r"^baseline |, (better|worse)$", "", text) for text in texts]


def metric_rows(page: Page) -> list[list[str]]:
    parts = (".metric-name", ".metric-value", ".metric-difference", ".metric-baseline")
    return [cells(row, *parts) for row in page.locator(".metric-rows li").all()]


def test_metrics_of_a_run(open_page: NewPage, domain: str) -> None:
    page = open_page(f"/domains/{domain}/runs/2")
    expect(page.locator(".metric-rows li")).to_have_count(len(LATER))
    assert metric_rows(page) == SHOWN
    ratio = page.locator(".metric-rows li").nth(4)
    expect(ratio.locator(".metric-value")).to_have_attribute("title", "0.7654321")
    expect(ratio.locator(".metric-baseline")).to_have_attribute("title", "0.8765432")
    expect(page.locator(".metric-rows li").first.locator(".metric-value")).not_to_have_attribute(
        "title", re.compile("")
    )
    page.get_by_label(ALL_DIGITS).check()
    assert cells(ratio, ".metric-value", ".metric-difference", ".metric-baseline") == [
        "0.7654321",
        "-0.1111",
        "0.8765432",
    ]
    assert widest_overflow(page) == 0
    assert violations(page) == []


def test_the_switch_is_there_when_it_shows_more(open_page: NewPage, operator: httpx.Client) -> None:
    name = create_domain(operator)
    run = Run(operator, name)
    run.send(progress(0.1, metrics={"f1": 0.75}))
    page = open_page(f"/domains/{name}")
    expect(page.locator(".metric-value")).to_have_text("0.75")
    expect(page.get_by_label(ALL_DIGITS)).to_be_hidden()
    run.send(progress(0.2, metrics={"f1": 0.7512345}))
    page.get_by_label(ALL_DIGITS).check()
    expect(page.locator(".metric-value")).to_have_text("0.7512345")


def test_a_line_of_the_log_and_a_result(open_page: NewPage, domain: str) -> None:
    page = open_page(f"/domains/{domain}/runs/2#L2")
    facts = page.locator("dl, .log-facts").filter(has_text="huge").first
    for text in ("12,345,678,901,234,567,891", "0.7654321", "0.30000000000000004", "1,234,568"):
        expect(facts).to_contain_text(text)
    metrics = page.locator("#log-line-2 .log-metrics")
    expect(metrics).to_contain_text("ratio=0.7654 ")
    expect(metrics.get_by_title("0.7654321", exact=True)).to_have_text("0.7654")
    result = page.locator(".result .tree")
    for text in ("huge: 12345678901234567891", "ratio: 0.7654321", "tiny: 1e-9"):
        expect(result).to_contain_text(text)


def test_curves_and_their_values(open_page: NewPage, domain: str) -> None:
    page = open_page(f"/domains/{domain}/runs/2")
    chart = page.locator(".chart").filter(has_text="Values of huge")
    expect(chart.get_by_role("img")).to_have_accessible_name(re.compile("first 12,345,678,901,234,567,891, last"))
    expect(chart.locator(".chart-reading")).to_have_text("12,345,678,901,234,567,891")
    ratio = page.locator(".chart").filter(has_text="Values of ratio")
    expect(ratio.locator(".chart-reading")).to_have_attribute("title", "0.7654321")
    ratio.locator("svg").hover()
    expect(ratio.locator(".chart-reading")).to_contain_text("0.7654321 · line ")
    ratio.locator("summary").click()
    expect(ratio.locator("tbody td").last).to_have_text("0.7654321")


def test_the_history(open_page: NewPage, domain: str) -> None:
    page = open_page(f"/domains/{domain}/history")
    newest, oldest = page.locator(".run-metrics").all()
    parts = (".metric-name", "b", ".difference")
    assert [cells(row, *parts) for row in newest.locator(".metric").all()] == [row[:3] for row in SHOWN]
    assert [cells(row, *parts[:2]) for row in oldest.locator(".metric").all()] == [[row[0], row[3]] for row in SHOWN]
    expect(newest.locator("b").nth(4)).to_have_attribute("title", "0.7654321")
    chart = page.locator(".chart").filter(has_text="Values of near one")
    expect(chart.locator(".chart-plot")).to_have_accessible_name(
        re.compile("first 0.99996, last 0.99997, lowest 0.99996")
    )
    ticks = chart.locator(".chart-y span").all_inner_texts()
    assert len(set(ticks)) == len(ticks) > 1
    points = page.locator(".chart").filter(has_text="Values of ratio").get_by_role("link")
    assert [point.get_attribute("aria-label") for point in points.all()] == ["0.8765432 · run 1", "0.7654321 · run 2"]
    assert widest_overflow(page) == 0


def test_the_comparison(open_page: NewPage, domain: str) -> None:
    page = open_page(f"/domains/{domain}/history?run=1&run=2")
    metrics = page.get_by_role("region", name="Metrics of the runs")
    rows = metrics.locator("tbody tr")
    expect(rows).to_have_count(len(SHOWN))
    for row, (name, value, difference, baseline) in zip(rows.all(), SHOWN, strict=True):
        assert cells(row, "th", "td:nth-child(2) b", "td:nth-child(3) b", "td:nth-child(3) .difference") == [
            name,
            baseline,
            value,
            difference,
        ]
    page.get_by_label(ALL_DIGITS).check()
    expect(rows.nth(4).locator("b").last).to_have_text("0.7654321")
    seed = page.locator("tr").filter(has=page.get_by_role("rowheader", name="seed"))
    page.get_by_text("identical setting").click()
    expect(seed.locator("td").first).to_have_text("9,007,199,254,741,001")
    assert violations(page) == []


def test_the_list_of_domains(open_page: NewPage, domain: str) -> None:
    page = open_page("/")
    row = page.locator(f"tr[data-domain={domain}]")
    for text in ("count 1,234,568", "huge 12,345,678,901,234,567,891", "near one 0.99997", "percent 99.997"):
        expect(row).to_contain_text(text)
    expect(row.locator("b").nth(4)).to_have_attribute("title", "0.7654321")


def test_a_long_number_that_changes_is_shown_at_once(open_page: NewPage, operator: httpx.Client) -> None:
    name = create_domain(operator)
    run = Run(operator, name)
    run.send(progress(0.1, metrics={"seen": 2**60}))
    page = open_page(f"/domains/{name}/history")
    expect(page.locator(".run-metrics b")).to_have_text("1,152,921,504,606,846,976")
    run.send(progress(0.2, metrics={"seen": 2**60 + 1}), log("one more"))
    expect(page.locator(".run-metrics b")).to_have_text("1,152,921,504,606,846,977")


def test_a_phase_is_not_at_a_hundred_percent_before_it_is_completed(open_page: NewPage, operator: httpx.Client) -> None:
    name = create_domain(operator)
    Run(operator, name).send(phase("loading_data"), progress(0.999))
    page = open_page(f"/domains/{name}")
    expect(page.locator(".steps li").nth(1)).to_contain_text("99 %")
    assert page.locator(".percent-large").inner_text() == "9 %"


@pytest.mark.parametrize(
    ("low", "high"),
    [
        (0.99996, 0.99997),
        (0.3, 0.1 + 0.2),
        (1, 1 + 2**-52),
        (2.0**53, 2.0**53 + 2),
        (1e16, 1e16 + 2),
        (1234567, 1234568),
        (-1e-9, 1e-9),
        (0.12345678901, 0.12345678902),
        (-1.7e308, 1.7e308),
        (5e-324, 1e-323),
        (7, 7),
    ],
)
def test_ticks_are_what_they_say(service: Service, quiet_page: NewPage, low: float, high: float) -> None:
    page = quiet_page(f"{service.url}{EMPTY_PAGE}")
    (ticks,) = page.evaluate(f"cases => {_TICKS}", [[low, high]])
    texts = [text for _, text in ticks]
    assert len(set(texts)) == len(texts) >= 2
    assert [float(text.replace(",", "")) for text in texts] == [tick for tick, _ in ticks]
    assert ticks[0][0] <= low + abs(low) * 1e-12
    assert ticks[-1][0] >= high - abs(high) * 1e-12


def test_json_keeps_whole_numbers(service: Service, quiet_page: NewPage) -> None:
    page = quiet_page(f"{service.url}{EMPTY_PAGE}")
    for text in (
        '{"a":[12345678901234567890,-9007199254740993],"b":0.12345678901234566,"c":1234567}',
        r'{"12345678901234567":"\"12345678901234567\\","x":[1234567890123456789]}',
        r'{"a":"not a number: 12345678901234567890, \u0001"}',
    ):
        assert page.evaluate(_ROUND_TRIP, text) == text
    with pytest.raises(Error, match="SyntaxError"):
        page.evaluate(_ROUND_TRIP, '{"a": 12345678901234567')
