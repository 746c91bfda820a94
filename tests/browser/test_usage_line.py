"""The line at the top of a run's page about what it has used, will have used and may use."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.support.answers import ok
from tests.support.axe import violations
from tests.support.optimizer_events import usage, used
from tests.support.running_service import Service
from tests.support.runs import ENTITY, Run, fail, phase, progress

NewPage = Callable[[str], Page]


def calls(count: int, cost: float | None = 0.1) -> dict:
    price = {} if cost is None else {"cost": cost * count, "currency": "USD"}
    return usage(used(calls=count, input_tokens=90 * count, output_tokens=10 * count, **price))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_cost_forecast_and_budget(service: Service, new_page: NewPage, run: Run, scheme: str) -> None:
    page = new_page(service.url)
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of two words
    page.goto(f"{service.url}/domains/{run.domain}")
    line = page.locator("#usage-line")
    expect(line).to_be_hidden()
    run.send(phase(ENTITY), calls(10), progress(0.5))
    expect(line).to_have_text(re.compile(r"^Cost 1 USD, about \d\.\d\d? \(\d\.\d\d?–\d+(\.\d\d?)?\) at the end$"))
    ok(run.client.patch(run.path, json={"cost_limit": 5, "currency": "USD", "tokens_limit": 10**6}))
    expect(line).to_have_text(re.compile(r"at the end · budget 5 USD, 1,000,000 tokens$"))
    run.send(calls(32))
    expect(line).to_have_text(re.compile(r"^Cost 4.2 USD.* · budget 5 USD, 1,000,000 tokens, 84 % used$"))
    assert violations(page) == []
    run.send(calls(10))
    state = page.locator("#state")
    expect(state).to_contain_text("Cancel requested: the cost limit of 5 USD was reached.")
    run.send(fail("it stopped"))
    expect(state).to_contain_text("Cancelled: the cost limit of 5 USD was reached.")
    expect(line).to_have_text("Cost 5.2 USD · budget 5 USD, 1,000,000 tokens, 104 % used")


def test_tokens_where_no_cost_is_known(service: Service, new_page: NewPage, run: Run) -> None:
    run.send(phase(ENTITY), calls(10, None), progress(0.5))
    page = new_page(f"{service.url}/domains/{run.domain}")
    line = page.locator("#usage-line")
    expect(line).to_have_text(re.compile(r"^1,000 tokens, about \d,\d\d0 \([\d,]+–[\d,]+\) at the end$"))
    run.send(calls(1))
    expect(line).to_have_text(re.compile(r"^Cost at least 0.1 USD"))
