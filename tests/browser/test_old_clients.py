"""The connection of AegisRAG's own page to a stream, as it was before: without a cursor, and made anew after errors."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.support.old_hook import OLD_HOOK, await_closed
from tests.support.running_service import ADMIN, Service, serve
from tests.support.runs import Run, complete, fail, log


@pytest.fixture(scope="module")
def service(chromium: Browser) -> Iterator[Service]:
    """One whose streams stay open after the end for longer than a busy browser needs."""
    yield from serve(AEGIS_STREAM_HOLD_S="60")


def follow(page: Page, run: Run) -> None:
    page.evaluate(OLD_HOOK, f"{ADMIN}/domains/{run.domain}/training-stream?training_run_id={run.id}")


@pytest.mark.parametrize("end", [complete(message="done"), fail("it broke")], ids=["completed", "failed"])
def test_one_connection_for_a_finished_run(
    service: Service, new_page: Callable[[str], Page], run: Run, end: dict[str, object]
) -> None:
    run.send(*[log(f"line {n}") for n in range(1, 501)], end)
    page = new_page(service.url)
    follow(page, run)
    await_closed(page)
    assert page.evaluate("[hook.opened, hook.errors]") == [1, 0]
    assert page.evaluate("hook.seqs") == [list(range(1, 502))]
    assert page.evaluate("hook.types.at(-1)") == end["type"].replace("complete", "completed").replace("fail", "failed")


def test_one_connection_for_a_live_run_and_one_more_after_a_restart(
    service: Service, new_page: Callable[[str], Page], run: Run
) -> None:
    run.send(log("line 1"))
    page = new_page(service.url)
    follow(page, run)
    page.wait_for_function("() => hook.seqs.at(-1).length === 1")
    service.terminate()
    page.wait_for_function("() => hook.errors > 0")
    service.start()
    page.wait_for_function("() => hook.seqs.at(-1).length === 1 && hook.opened > 1")
    opened, errors = page.evaluate("[hook.opened, hook.errors]")
    run.send(log("line 2"), complete())
    await_closed(page)
    assert page.evaluate("[hook.opened, hook.errors]") == [opened, errors]
    assert page.evaluate("hook.seqs.at(-1)") == [1, 2]
    assert page.evaluate("hook.types.filter(type => type === 'completed').length") == 1
