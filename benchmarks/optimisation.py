"""The section about the optimiser in a real Chromium: a run of 2,000 candidates and 200,000 scores of examples.

Starts a service with a database of its own and removes both.
"""

import statistics
import sys
from pathlib import Path

from playwright.sync_api import Page

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from page import bytes_received, chromium, signed_in
from table import report

from tests.support.domains import create_domain
from tests.support.optimizer_story import gepa_events, send_all
from tests.support.running_service import Service
from tests.support.runs import ENTITY, Run, log, phase

CANDIDATES = 2000
EXAMPLES = 118  # the one in seven candidates that is only tried on a minibatch has no scores of examples
LOADS = 7

# From the start of the navigation to a frame in which the log has its line.
_LOG = """() => new Promise(resolve => {
    const look = () => {
        if (document.getElementById("log-line-1")) resolve(performance.now());
        else requestAnimationFrame(look);
    };
    look();
})"""
# From the start of the navigation to a frame in which the chart has its points.
_FIRST_VIEW = """() => new Promise(resolve => {
    const look = () => {
        if (document.querySelector("#optimisation-scores .score-full")?.getAttribute("d")) resolve(performance.now());
        else requestAnimationFrame(look);
    };
    look();
})"""
# From choosing a tab to the frame after the one in which its content is there; loading and drawing.
_TAB = """([name, ready]) => new Promise(resolve => {
    const begun = performance.now();
    document.getElementById(`optimisation-tab-${name}`).click();
    const look = () => {
        const panel = document.getElementById(`optimisation-${name}`);
        if (panel.querySelector(ready)) requestAnimationFrame(() => resolve(performance.now() - begun));
        else requestAnimationFrame(look);
    };
    look();
})"""
_TABS = {
    "prompt": ".prompt-text",
    "candidates": "tbody tr",
    "lineage": ".best-line > li",
    "examples": ".heat-9[d]",
    "usage": "tfoot tr",
}


def main() -> None:
    """Measure, and print the table."""
    service = Service()
    try:
        service.start()
        operator = service.client(service.token("operator"))
        run = Run(operator, create_domain(operator))
        run.send(phase(ENTITY))
        send_all(run, gepa_events(CANDIDATES, EXAMPLES))
        empty = Run(operator, create_domain(operator))
        empty.send(log("line 1"))
        with service.connect_to_database() as connection:
            connection.execute("ANALYZE")
        measured = [measure(service, run, empty) for _ in range(LOADS)]
    finally:
        service.stop()
    rows = []
    for name in measured[0]:
        taken, sent = ([one[name][place] for one in measured] for place in (0, 1))
        target = "< 1000" if name.startswith("page") else "< 300"
        rows.append(
            (name, f"{statistics.median(taken):.0f}", f"{min(taken):.0f}", target, f"{max(sent) / 1000:.0f}", "< 300")
        )
    head = ("what", "shown after, median ms", "fastest", "target", "sent, kB", "target")
    report("optimisation", f"A run of {CANDIDATES:,} candidates, in Chromium", head, rows)


def measure(service: Service, run: Run, empty: Run) -> dict[str, tuple[float, int]]:
    """How long the page and each tab take, and how many bytes are sent for them, with nothing in the cache."""
    with chromium() as browser:
        page, cdp = signed_in(browser, service)
        received = bytes_received(cdp)
        page.goto(f"{service.url}/domains/{empty.domain}")
        found = {"page of a run without candidates": (page.evaluate(_LOG), sum(received))}
        page.context.close()
        page, cdp = signed_in(browser, service)
        received = bytes_received(cdp)
        page.goto(f"{service.url}/domains/{run.domain}")
        found["page with the scores"] = page.evaluate(_FIRST_VIEW), sum(received)
        for name, ready in _TABS.items():
            settle(page)
            received.clear()
            taken = page.evaluate(_TAB, [name, ready])
            settle(page)
            found[name] = taken, sum(received)
    return found


def settle(page: Page) -> None:
    """Wait until nothing is drawn any more, so that one picture does not take the time of the next."""
    page.evaluate("() => new Promise(resolve => requestIdleCallback(resolve))")


if __name__ == "__main__":
    main()
