"""The page of a run, as it goes on: live, in every state, by keyboard, and over a restart of the service."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import APIResponse, Page, Route, expect

from tests.support.axe import violations
from tests.support.pages import EMPTY_PAGE, widest_overflow
from tests.support.running_service import Service
from tests.support.runs import PHASES, Run, complete, fail, log, phase, progress

NewPage = Callable[[str], Page]

ENTITY = "entity_extraction_optimization"

# Follows the stream of all domains as the pages do. `followed` is what it tells, the title the last of it.
FOLLOW = """async closeAfter => {
    const {Stream} = await import("/static/dashboard/js/stream.js");
    const {Service} = await import("/static/dashboard/js/service.js");
    window.followed = {seqs: [], states: []};
    const stream = new Stream(new Service(), "/api/v1/admin/training-stream", "", {
        onEvent: ({data}) => {
            document.title = `entry ${data.seq}`;
            if (followed.seqs.push(data.seq) === closeAfter) stream.close();
        },
        onState: (state, why) => {
            document.title = state;
            followed.states.push([state, why]);
        },
        reopenAfterMs: () => 0,
    });
}"""


@pytest.fixture
def open_run(service: Service, new_page: NewPage) -> Iterator[Callable[..., Page]]:
    """A function that opens the page of a domain, or of one of its runs; nothing may be said on its console."""
    said: list[str] = []

    def open_page(run: Run, *, number: bool = False) -> Page:
        page = new_page(service.url)
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(f"{service.url}/domains/{run.domain}" + (f"/runs/{run.number}" if number else ""))
        expect(page.locator("#connection")).to_have_text(re.compile("live|finished"))
        return page

    yield open_page
    # A browser itself says that it was refused a connection, and that a run has no result.
    assert [text for text in said if not re.search(r"ERR_CONNECTION|404 \(Not Found\)", text)] == []


def steps(page: Page) -> list[tuple[str, str]]:
    return [
        (line.locator(".step-name").inner_text(), line.locator(".step-state").inner_text())
        for line in page.locator(".steps li").all()
    ]


def test_a_run_goes_through_all_its_phases_live(open_run: Callable[..., Page], run: Run) -> None:
    page = open_run(run)
    expect(page.locator("#state")).to_contain_text("pending")
    expect(page.locator("#eta")).to_contain_text("not started")
    bar = page.get_by_role("progressbar", name="Progress of the run")
    for name, (begin, end) in PHASES.items():
        run.send(phase(name), progress(0.5, message=f"half of {name}", metrics={"entity_f1": begin / 100}))
        percent = int(begin + (end - begin) / 2)
        expect(bar).to_have_attribute("aria-valuenow", str(percent))
        expect(bar).to_have_attribute("aria-valuetext", f"{percent} percent, {name.replace('_', ' ')}")
        expect(page).to_have_title(re.compile(rf"^{percent} % · {run.domain}"))
        expect(page.locator(".latest-message")).to_have_text(f"half of {name}")
        expect(page.locator("#announcer")).to_have_text(f"Run 1: {name.replace('_', ' ')}")
        expect(page.locator("#log")).to_contain_text(f"half of {name}")
    assert [state for _, state in steps(page)] == ["completed"] * 6 + ["50 %"]
    run.send(complete(metrics={"entity_f1": 0.87}, result={"prompts": {"entity": "Find every entity."}}))
    expect(page.locator("#state")).to_contain_text("completed")
    expect(bar).to_have_attribute("aria-valuenow", "100")
    expect(page.locator("#announcer")).to_have_text("Run 1: completed")
    expect(page.locator("#eta")).to_contain_text("total")
    expect(page.locator("#result")).to_contain_text("Find every entity.")
    expect(page.locator("#metrics")).to_contain_text("0.87")
    assert all(re.fullmatch(r"\d+ m?s", time.inner_text()) for time in page.locator(".step-time").all())


def test_the_next_run_of_the_domain_is_shown_when_it_starts(open_run: Callable[..., Page], run: Run) -> None:
    run.send(phase(ENTITY), log("of the first run"), complete())
    page = open_run(run)
    expect(page.locator("#run-name")).to_have_text("run 1")
    second = Run(run.client, run.domain)
    second.send(phase(ENTITY), log("of the second run"))
    expect(page.locator("#run-name")).to_have_text("run 2")
    expect(page.locator("#log")).to_contain_text("of the second run")
    expect(page.locator("#log")).not_to_contain_text("of the first run")
    fixed = open_run(run, number=True)
    expect(fixed.locator("#run-name")).to_have_text("run 1")
    expect(fixed.locator("#other-runs")).to_contain_text("run 2")
    fixed.locator("#other-runs a").click()
    expect(fixed).to_have_url(re.compile(r"/runs/2$"))


@pytest.mark.parametrize("slow", ["**/training-logs?run=2&page_size=1", "**/training-runs/*"], ids=["log", "run"])
def test_what_happens_while_the_next_run_is_being_shown_is_not_lost(
    open_run: Callable[..., Page], run: Run, slow: str
) -> None:
    run.send(phase(ENTITY), log("of the first run"), complete())
    page, witness = open_run(run), open_run(run)
    held: list[tuple[Route, APIResponse]] = []
    page.route(slow, lambda route: route.continue_() if held else held.append((route, route.fetch())))
    with page.expect_request(slow):  # which the mere creation of the run may bring about
        second = Run(run.client, run.domain)
        second.send(phase(ENTITY), log("told at once"))
    expect(witness.locator("#log")).to_contain_text("told at once")
    second.send(log("told meanwhile"), complete())
    expect(witness.locator("#state")).to_contain_text("completed")
    page.wait_for_timeout(500)  # what the witness has seen has come to the page too
    ((route, answer),) = held
    route.fulfill(response=answer)
    expect(page.locator("#run-name")).to_have_text("run 2")
    expect(page.locator("#state")).to_contain_text("completed")
    expect(page.locator("#log")).to_contain_text("told meanwhile")
    lines = page.locator("#log").inner_text()
    assert (lines.count("told at once"), lines.count("told meanwhile"), lines.count("first run")) == (1, 1, 0)


def test_the_service_is_stopped_and_started_again_under_the_page(
    open_run: Callable[..., Page], run: Run, service: Service
) -> None:
    run.send(phase(ENTITY), progress(0.1, message="before"))
    page = open_run(run)
    expect(page.locator("#log")).to_contain_text("before")
    service.terminate()
    expect(page.locator("#connection")).to_have_text(re.compile(r"last update \d+ s ago, reconnecting"))
    service.start()
    run.send(progress(0.5, message="afterwards"))
    expect(page.locator("#connection")).to_have_text("live")
    expect(page.locator(".latest-message")).to_have_text("afterwards")
    expect(page.locator("#log")).to_contain_text("afterwards")
    lines = page.locator("#log").inner_text()
    assert lines.count("before") == lines.count("afterwards") == 1


def test_a_hidden_page_closes_its_stream_and_goes_on_when_it_is_shown(open_run: Callable[..., Page], run: Run) -> None:
    run.send(phase(ENTITY), progress(0.1, message="before"))
    page = open_run(run)
    hide = "state => { Object.defineProperty(document, 'hidden', {value: state, configurable: true});" \
        " document.dispatchEvent(new Event('visibilitychange')) }"  # fmt: skip
    with page.expect_event("requestfailed", lambda request: "training-stream" in request.url):
        page.evaluate(hide, True)
    run.send(progress(0.5, message="meanwhile"))
    with page.expect_request(lambda request: "training-stream" in request.url):
        page.evaluate(hide, False)
    expect(page.locator(".latest-message")).to_have_text("meanwhile")


def streaming(*seqs: int, line_end: str = "\n") -> dict[str, Any]:
    """The response of a stream of these log entries, in one piece."""
    events = [{"event_type": "log", "data": {"seq": seq}} for seq in seqs]
    body = "".join(f"id: 1.{event['data']['seq']}\ndata: {json.dumps(event)}\n\n" for event in events)
    return {"content_type": "text/event-stream", "body": body.replace("\n", line_end)}


@pytest.fixture
def follow(service: Service, new_page: NewPage) -> Callable[..., Page]:
    """A function that follows a stream on an empty page, which gets these responses in turn, then 204."""

    def follow(*answers: dict[str, Any], close_after: int = 0) -> Page:
        page = new_page(f"{service.url}{EMPTY_PAGE}")
        page.clock.install()
        left = [*answers]
        page.route("**/training-stream", lambda route: route.fulfill(**(left.pop(0) if left else {"status": 204})))
        page.evaluate(FOLLOW, close_after)
        return page

    return follow


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_a_page_reads_a_stream_with_every_end_of_lines(follow: Callable[..., Page], line_end: str) -> None:
    page = follow(streaming(1, 2, line_end=line_end))
    expect(page).to_have_title("ended")
    assert page.evaluate("followed.seqs") == [1, 2]


def test_a_stream_that_was_closed_gives_no_more_events(follow: Callable[..., Page]) -> None:
    page = follow(streaming(1, 2, 3), close_after=1)
    expect(page).to_have_title("entry 1")
    page.evaluate("new Promise(resolve => setTimeout(resolve))")  # by then all that came with the first is read
    assert page.evaluate("followed.seqs") == [1]
    assert page.evaluate("followed.states.map(([state]) => state)") == ["connecting", "open"]


@pytest.mark.parametrize("retry_after", ["3600", "99999999", "Fri, 31 Dec 2100 23:59:59 GMT"])
def test_a_page_waits_as_long_as_it_is_asked_to_but_not_when_the_network_comes_back(
    follow: Callable[..., Page], retry_after: str
) -> None:
    page = follow({"status": 503, "headers": {"Retry-After": retry_after}, "json": {"detail": "Too many viewers."}})
    expect(page).to_have_title("waiting")
    page.clock.fast_forward("59:00")
    assert page.evaluate("followed.states") == [["connecting", ""], ["waiting", "Too many viewers."]]
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(page).to_have_title("ended")
    assert page.evaluate("followed.states.length") == 4


def test_an_operator_cancels_a_run_and_only_when_they_mean_it(open_run: Callable[..., Page], run: Run) -> None:
    run.send(phase(ENTITY))
    page = open_run(run)
    page.get_by_role("button", name="Cancel run…").click()
    page.get_by_role("button", name="Keep running").click()
    assert run.status()["cancel_requested"] is False
    page.get_by_role("button", name="Cancel run…").press("Enter")
    dialog = page.get_by_role("dialog", name="Cancel this run?")
    expect(dialog).to_be_visible()
    assert violations(page) == []
    dialog.get_by_role("button", name="Cancel the run").press("Enter")
    expect(page.locator("#state")).to_contain_text("Cancel requested")
    assert run.status()["cancel_requested"] is True
    run.send(fail("stopped as asked"))
    expect(page.locator("#state")).to_contain_text("failed: cancelled")
    expect(page).to_have_title(re.compile(r"^failed: cancelled · "))
    expect(page.get_by_role("button", name="Cancel run…")).to_be_hidden()


def test_a_question_about_one_run_does_not_become_one_about_the_next(open_run: Callable[..., Page], run: Run) -> None:
    run.send(phase(ENTITY))
    page = open_run(run)
    page.get_by_role("button", name="Cancel run…").click()
    dialog = page.get_by_role("dialog", name="Cancel this run?")
    expect(dialog).to_be_visible()
    Run(run.client, run.domain).send(phase(ENTITY))
    expect(page.locator("#run-name")).to_have_text("run 2")
    expect(dialog).to_be_hidden()


def test_a_late_answer_about_one_run_does_not_replace_the_next(open_run: Callable[..., Page], run: Run) -> None:
    run.send(phase(ENTITY))
    page = open_run(run)
    held: list[tuple[Route, APIResponse]] = []
    page.route("**/cancel", lambda route: held.append((route, route.fetch())))
    page.get_by_role("button", name="Cancel run…").click()
    page.get_by_role("button", name="Cancel the run").click()
    while not held:
        page.wait_for_timeout(50)
    run.send(fail("stopped as asked"))
    Run(run.client, run.domain).send(phase(ENTITY), progress(0.5, message="of the second run"))
    expect(page.locator(".latest-message")).to_have_text("of the second run")
    ((route, answer),) = held
    with page.expect_response("**/cancel"):
        route.fulfill(response=answer)
    page.wait_for_timeout(500)  # whatever the answer does has been done
    expect(page.locator("#run-name")).to_have_text("run 2")
    expect(page.locator(".latest-message")).to_have_text("of the second run")
    expect(page.locator("#state")).not_to_contain_text("Cancel requested")


def test_a_page_that_opens_while_the_service_is_busy_tries_again(service: Service, new_page: NewPage, run: Run) -> None:
    run.send(phase(ENTITY))
    page = new_page(service.url)
    page.route("**/training-logs*", lambda route: route.fulfill(status=503, json={"detail": "Too busy."}), times=1)
    page.goto(f"{service.url}/domains/{run.domain}")
    expect(page.locator("#run-name")).to_have_text("run 1")
    expect(page.locator("#connection")).to_have_text("live")


def test_a_failure_says_its_reason_its_phase_and_where_to_look(open_run: Callable[..., Page], run: Run) -> None:
    run.send(phase(ENTITY), *(log(f"line {n}") for n in range(300)), log("the first error", "ERROR"))
    run.send(*(log(f"more {n}") for n in range(300)), fail("ValueError: <b>no</b> samples"))
    page = open_run(run)
    expect(page.locator("#state")).to_contain_text("failed: error")
    expect(page.locator(".notice")).to_have_text("Failed in entity extraction optimization.")
    expect(page.locator(".error-message")).to_have_text("ValueError: <b>no</b> samples")
    page.get_by_role("button", name="Show the first error").click()
    expect(page.locator("#log")).to_contain_text("the first error")
    expect(page.locator("#log")).to_contain_text("line 299")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_violation_in_axe_and_nothing_wider_than_the_page(
    open_run: Callable[..., Page], run: Run, scheme: str
) -> None:
    earlier_metrics = {"entity_f1": 0.8, "loss": 0.4}
    run.send(phase(ENTITY), complete(metrics=earlier_metrics))
    second = Run(run.client, run.domain)
    second.send(phase(ENTITY), progress(0.5, message="x" * 300, metrics={"entity_f1": 0.85, "loss": 0.5}))
    second.send(log("a warning", "WARNING"), log("an error", "ERROR"))
    page = open_run(run)
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    expect(page.locator("#log")).to_contain_text("an error")
    assert violations(page) == []
    page.set_viewport_size({"width": 360, "height": 800})
    assert widest_overflow(page) <= 0
    assert violations(page) == []


def test_a_message_is_never_markup(open_run: Callable[..., Page], run: Run) -> None:
    run.send(phase(ENTITY), progress(0.5, message="<img src=x onerror=alert(1)>", metrics={"<b>f1</b>": 0.5}))
    page = open_run(run)
    expect(page.locator(".latest-message")).to_have_text("<img src=x onerror=alert(1)>")
    expect(page.locator("#metrics")).to_contain_text("<b>f1</b>")
    assert page.locator("main img, main b:has-text('f1')").count() == 0


def test_everything_can_be_reached_by_keyboard(open_run: Callable[..., Page], run: Run) -> None:
    run.send(phase(ENTITY), fail("broken"))
    page = open_run(run, number=True)
    expect(page.get_by_role("button", name="Show the first error")).to_be_visible()
    page.locator("body").press("Tab")
    reached: list[Any] = []
    for _ in range(40):
        reached.append(page.evaluate("(document.activeElement.textContent || document.activeElement.id).trim()"))
        page.keyboard.press("Tab")
    text = " | ".join(reached)
    for name in ("Aegis Training Status", "Latest run", "History", "Show the first error", "Follow", "Download"):
        assert name in text, reached


_COUNT_ONLINE_LISTENERS = """
    const listeners = new Set();
    for (const [name, take] of [["addEventListener", "add"], ["removeEventListener", "delete"]]) {
        const original = window[name];
        window[name] = function (type, listener, ...rest) {
            if (type === "online") listeners[take](listener);
            document.documentElement.dataset.onlineListeners = listeners.size;
            return original.call(this, type, listener, ...rest);
        };
    }
"""


def test_a_stream_that_has_ended_leaves_no_listener(service: Service, new_page: NewPage, run: Run) -> None:
    run.send(phase(ENTITY))
    page = new_page(service.url)
    page.add_init_script(_COUNT_ONLINE_LISTENERS)
    page.goto(f"{service.url}/domains/{run.domain}/runs/1")
    expect(page.locator("html")).to_have_attribute("data-online-listeners", "1")
    run.send(complete())
    expect(page.locator("html")).to_have_attribute("data-online-listeners", "0")
