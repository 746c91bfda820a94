"""The page of a run in a real Chromium: a log of a million lines beside one of a hundred.

Starts a service with a database of its own and removes both.
"""

import os
import random
import statistics
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from table import report

from tests.support.domains import create_domain
from tests.support.filled_log import fill_log
from tests.support.programs import path_of_chromium
from tests.support.running_service import Service
from tests.support.runs import Run

LENGTHS = (100, 1_000_000)
JUMPS = 30
LOADS = 7
ERROR_EVERY = 1000

# From the moment somebody lets go of the scroll bar to a frame in which every row in sight has its text.
_JUMP = """fraction => new Promise(resolve => {
    const scroller = document.querySelector(".log-scroller");
    const begun = performance.now();
    scroller.scrollTop = fraction * (scroller.scrollHeight - scroller.clientHeight);
    const look = () => {
        const row = Math.floor(scroller.scrollTop / 16) + 1;
        const last = Math.min(row + Math.floor(scroller.clientHeight / 16), scroller.scrollHeight / 16);
        const isThere = seq => document.getElementById(`log-line-${seq}`)?.textContent.endsWith(`line ${seq}`);
        for (let seq = row; seq < last; seq++) if (!isThere(seq)) return requestAnimationFrame(look);
        resolve(performance.now() - begun);
    };
    requestAnimationFrame(look);
})"""
_FIRST_VIEW = """last => new Promise(resolve => {
    const look = () => {
        const isThere = document.getElementById(`log-line-${last}`)?.textContent.endsWith(`line ${last}`);
        if (isThere) resolve(performance.now());
        else requestAnimationFrame(look);
    };
    look();
})"""


def main() -> None:
    """Measure both logs, and print the table."""
    service = Service()
    try:
        service.start()
        operator = service.client(service.token("operator"))
        runs = []
        for length in LENGTHS:
            run = Run(operator, create_domain(operator))
            fill_log(service, run, length, ERROR_EVERY)
            runs.append((length, run))
        with chromium() as browser:
            measured = [measure(browser, service, run, length) for length, run in runs]
    finally:
        service.stop()
    names = ("jump to a random place, median ms", "the slowest of 30, ms", "JS heap after them, MB")
    more = ("bytes of all resources, kB", "first view (rows shown), median ms")
    targets = ("< 200", "", "< 20", "< 150", "< 1000")
    rows = [(name, *values, target) for name, *values, target in zip((*names, *more), *measured, targets, strict=True)]
    head = ("what", *(f"{length:,} lines" for length in LENGTHS), "target")
    report("page", "The page of a run, in Chromium", head, rows)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium."""
    as_root = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=path_of_chromium(), args=as_root)


def measure(browser: Browser, service: Service, run: Run, last: int) -> tuple[str, ...]:
    """The cells of one column."""
    address = f"{service.url}/domains/{run.domain}/runs/{run.number}"
    loads = []
    for _ in range(LOADS):
        page, cdp = signed_in(browser, service)
        received = bytes_received(cdp)
        page.goto(address)
        loads.append((page.evaluate(_FIRST_VIEW, last), sum(received)))
        if len(loads) < LOADS:
            page.context.close()
    chance = random.Random(5)
    jumps = [page.evaluate(_JUMP, chance.random()) for _ in range(JUMPS)]
    heap = heap_bytes(cdp)
    page.context.close()
    return (
        f"{statistics.median(jumps):.0f}",
        f"{max(jumps):.0f}",
        f"{heap / 1e6:.1f}",
        f"{max(weight for _, weight in loads) / 1000:.0f}",
        f"{statistics.median(view for view, _ in loads):.0f}",
    )


def signed_in(browser: Browser, service: Service) -> tuple[Page, CDPSession]:
    """A page of a browser with nothing in its cache, in which the operator is signed in."""
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.goto(f"{service.url}/sign-in")
    page.get_by_label("Username").fill("operator")
    page.get_by_label("Password").fill(service.operator_password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{service.url}/")
    cdp = page.context.new_cdp_session(page)
    cdp.send("Network.enable")
    cdp.send("Network.clearBrowserCache")
    return page, cdp


def bytes_received(cdp: CDPSession) -> list[int]:
    """A list that grows with what comes over the network, headers included."""
    received: list[int] = []
    cdp.on("Network.loadingFinished", lambda event: received.append(int(event["encodedDataLength"])))
    return received


def heap_bytes(cdp: CDPSession) -> int:
    """What JavaScript holds once the rubbish is collected."""
    cdp.send("HeapProfiler.collectGarbage")
    return int(cdp.send("Runtime.getHeapUsage")["usedSize"])


if __name__ == "__main__":
    main()
