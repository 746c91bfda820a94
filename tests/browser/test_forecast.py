"""The learned forecast on the pages: in words with its range and basis, and with its score."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.browser.screens import ENTITY, TAKEN_S, spread, steps
from tests.support.answers import parse_time
from tests.support.axe import violations
from tests.support.domains import create_domain
from tests.support.running_service import Service
from tests.support.runs import Run, complete, phase, progress

NewPage = Callable[[str], Page]


@pytest.fixture
def running(service: Service, run: Run) -> Run:
    """A run like the two of its domain before it, half through its third phase."""
    total_s = sum(TAKEN_S.values())
    begun = datetime.now(UTC) - timedelta(seconds=3 * total_s)
    for earlier in (run, Run(run.client, run.domain)):
        for name, seconds in TAKEN_S.items():
            earlier.send(*spread([phase(name), *steps(name, 12, 0.8)], begun, seconds))
            begun += timedelta(seconds=seconds)
        earlier.send(*spread([complete()], begun, 0))
    running = Run(run.client, run.domain)
    half_s = TAKEN_S[ENTITY] / 2
    begun = datetime.now(UTC) - timedelta(seconds=49 + half_s)
    for name, seconds in list(TAKEN_S.items())[:2]:
        running.send(*spread([phase(name), *steps(name, 12, 0.8)], begun, seconds))
        begun += timedelta(seconds=seconds)
    running.send(*spread([phase(ENTITY), progress(0.25), progress(0.5)], begun, half_s * 1.5))
    return running


def test_the_time_left_comes_with_its_range_and_basis(service: Service, new_page: NewPage, running: Run) -> None:
    page = new_page(service.url)
    page.goto(f"{service.url}/domains/{running.domain}")
    left_min = (TAKEN_S[ENTITY] / 2 + sum(list(TAKEN_S.values())[3:])) / 60
    words = page.locator("#eta .time-left")
    expect(words).to_have_text(re.compile(r"about \d+ min left"))
    assert float(words.inner_text().split()[1]) == pytest.approx(left_min, rel=0.25)
    expect(page.locator("#eta")).to_contain_text("based on 2 earlier runs")
    expect(page.locator("#eta")).to_contain_text(re.compile(r"\d+:\d\d.*–.*\d+:\d\d"))
    times = page.locator(".steps .step-time")
    expect(times.nth(2)).to_have_text(re.compile(r"^1[45] min.* of about 30 min$"))
    expect(times.nth(3)).to_have_text("about 18 min")
    assert violations(page) == []


def test_the_history_tells_how_right_forecasts_were(service: Service, new_page: NewPage, running: Run) -> None:
    page = new_page(service.url)
    page.goto(f"{service.url}/domains/{running.domain}/history")
    scores = page.get_by_role("table").filter(has_text="Within range")
    expect(scores).to_contain_text("earlier runs")
    assert violations(page) == []


def test_domains_are_sorted_by_the_time_left_that_they_show(service: Service, new_page: NewPage, running: Run) -> None:
    """Between the forecast of one run and its linear estimate lies the completion of another."""
    status, now = running.status(), datetime.now(UTC)
    forecast, linear = (parse_time(text) for text in (status["forecast"]["completion"], status["estimated_completion"]))
    between = forecast + (linear - forecast) / 2
    operator = running.client
    other, pending, silent = (Run(operator, create_domain(operator)) for _ in range(3))
    for run, elapsed in ((other, (between - now) * 0.275 / 0.725), (silent, timedelta(minutes=1))):
        run.send(*spread([phase(ENTITY), progress(0.5)], now - elapsed, elapsed.total_seconds()))
    service.run_in_django(
        "from datetime import timedelta; from django.utils import timezone\n"
        "from training_status.models import TrainingRun\n"
        f"TrainingRun.objects.filter(public_id='{silent.id}').update("
        "last_report_at=timezone.now() - timedelta(minutes=3), last_event_at=timezone.now() - timedelta(minutes=3))"
    )
    page = new_page(f"{service.url}/?sort=left")
    expect(page.locator("th[data-sort=left]")).to_have_attribute("aria-sort", "ascending")
    shown = [row.get_attribute("data-domain") for row in page.locator("tbody tr").all()]
    by_what_is_shown = [running, other] if forecast < linear else [other, running]
    domains = [run.domain for run in (*by_what_is_shown, pending, silent)]
    assert [name for name in shown if name in domains] == domains
    expect(page.locator(f"tr[data-domain={silent.domain}]")).to_contain_text("unknown (stalled)")
