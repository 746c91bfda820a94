"""`<domain-training-progress>` in a page that is not ours, of another origin, with a token."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, Request, Route, expect

from tests.support.axe import violations
from tests.support.component import load
from tests.support.domains import create_domain
from tests.support.other_origins import Origins
from tests.support.pages import LIMIT_MS, widest_overflow
from tests.support.running_service import Service
from tests.support.runs import Run, complete, fail, log, phase, progress

ENTITY = "entity_extraction_optimization"
# Somebody else's page, with rules of its own for everything that the component is made of.
PAGE = """<main><h1>Elsewhere</h1><style>
    p, span, section, li, button { display: none; color: hotpink } .state, .card, .log { visibility: hidden }
</style><div id="place"></div></main>"""

_SHOW = """([attributes, token, inner]) => {
    const element = document.createElement("domain-training-progress");
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.innerHTML = inner;
    element.token = token;
    window.heard ??= [];
    for (const type of ["training-progress", "training-end"]) {
        element.addEventListener(type, ({detail}) => heard.push([type, detail.status.status, detail.status.progress]));
    }
    document.getElementById("place").append(element);
}"""

Show = Callable[..., Locator]


@pytest.fixture
def page(chromium: Browser, service: Service, origins: Origins) -> Iterator[Page]:
    """A page of another origin, in a browser that has no session with the service."""
    with chromium.new_context(base_url=origins.listed) as context:
        context.set_default_timeout(LIMIT_MS)
        page = context.new_page()
        page.goto(origins.listed)
        page.evaluate("html => document.body.innerHTML = html", PAGE)
        page.evaluate("document.documentElement.lang = 'en'")
        yield page


@pytest.fixture
def show(page: Page, service: Service) -> Show:
    """A function that puts an element for the run's domain on the page."""
    load(page)

    def put(run: Run, inner: str = "", token: str | None = None, **attributes: str) -> Locator:
        given = {"domain": run.domain, "base": service.url, **attributes}
        page.evaluate(_SHOW, [given, service.token("viewer") if token is None else token, inner])
        return page.locator(f"domain-training-progress[domain={run.domain}]").last

    return put


class OpenStreams:
    """The streams that a page has open now."""

    def __init__(self, page: Page) -> None:
        self.requests: set[Request] = set()
        page.on("request", lambda request: self.requests.add(request) if "training-stream" in request.url else None)
        page.on("requestfinished", lambda request: self.requests.discard(request))
        page.on("requestfailed", lambda request: self.requests.discard(request))

    def wait_for(self, page: Page, count: int) -> None:
        for _ in range(LIMIT_MS // 50):
            if len(self.requests) == count:
                return
            page.wait_for_timeout(50)
        raise AssertionError(f"{len(self.requests)} streams are open, not {count}.")


def heard(page: Page) -> list[list[Any]]:
    return page.evaluate("heard")  # type: ignore[no-any-return]


def test_a_run_goes_on_live_and_what_happens_can_be_heard(page: Page, show: Show, run: Run) -> None:
    element = show(run)
    expect(element.get_by_role("region", name="State").get_by_text("pending", exact=True)).to_be_visible()
    run.send(phase(ENTITY), progress(0.5, message="trial 5 of 10", metrics={"entity_f1": 0.71}), log("a line"))
    expect(element.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "27")
    expect(element.get_by_role("region", name="Metrics")).to_contain_text("0.71")
    expect(element.get_by_role("grid", name="Log lines")).to_contain_text("a line")
    expect(element.get_by_role("region", name="Time left")).to_contain_text("left")
    assert ["training-progress", "training", 27] in heard(page)
    run.send(complete())
    expect(element.locator(".state")).to_have_text("completed")
    assert heard(page)[-1] == ["training-end", "completed", 100]
    assert [type_ for type_, *_ in heard(page)].count("training-end") == 1
    assert "token" not in page.evaluate("document.querySelector('domain-training-progress').getAttributeNames()")


def test_long_numbers_are_shown_exactly_and_told_as_plain_numbers(page: Page, show: Show, run: Run) -> None:
    run.send(progress(0.5, metrics={"seen": 2**60 + 1, "near_one": 0.99996}))
    element = show(run)
    metrics = element.get_by_role("region", name="Metrics")
    expect(metrics).to_contain_text("1,152,921,504,606,846,977")
    expect(metrics).to_contain_text("0.99996")
    told = page.evaluate("JSON.stringify(document.querySelector('domain-training-progress').status.metrics)")
    assert told == '{"seen":1152921504606847000,"near_one":0.99996}'


def test_the_next_run_is_shown_when_it_starts(page: Page, show: Show, run: Run) -> None:
    run.send(phase(ENTITY), complete())
    element = show(run)
    expect(element.locator(".state")).to_have_text("completed")
    Run(run.client, run.domain).send(phase(ENTITY), fail(error="no more memory"))
    expect(element.get_by_text("no more memory").first).to_be_visible()
    expect(element.get_by_text("failed: error", exact=True)).to_be_visible()


def test_it_goes_on_after_a_restart_of_the_service(page: Page, show: Show, service: Service, run: Run) -> None:
    run.send(*[log(f"line {n}") for n in range(1, 6)])
    element = show(run)
    lines = element.get_by_role("grid", name="Log lines")
    expect(lines).to_contain_text("line 5")
    service.terminate()
    expect(element.get_by_text("reconnecting")).to_be_visible()
    service.start()
    run.send(log("line 6"))
    expect(lines).to_contain_text("line 6")
    expect(element.get_by_text("live", exact=True)).to_be_visible()
    assert element.locator(".log-message").all_inner_texts() == [f"line {n}" for n in range(1, 7)]


def test_two_on_one_page_and_none_leaves_a_connection_behind(page: Page, show: Show, run: Run) -> None:
    streams = OpenStreams(page)
    other = Run(run.client, create_domain(run.client))
    first, second = show(run), show(other)
    run.send(phase(ENTITY), progress(0.5))
    other.send(phase("loading_data"))
    expect(first.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "27")
    expect(second.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "5")
    streams.wait_for(page, 2)
    second.evaluate("element => { window.kept = element; element.remove(); }")
    streams.wait_for(page, 1)
    other.send(phase(ENTITY))
    page.evaluate("document.getElementById('place').append(kept)")
    expect(second.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "10")
    streams.wait_for(page, 2)
    for _ in range(20):
        page.evaluate("kept.remove(); document.getElementById('place').append(kept)")
    page.evaluate("document.getElementById('place').prepend(kept)")
    streams.wait_for(page, 2)
    page.evaluate("document.getElementById('place').replaceChildren()")
    streams.wait_for(page, 0)


def test_moving_it_keeps_its_connection(page: Page, show: Show, run: Run) -> None:
    run.send(phase(ENTITY))
    opened: list[str] = []
    page.on("request", lambda request: opened.append(request.url) if "training-stream" in request.url else None)
    element = show(run)
    expect(element.get_by_text("live", exact=True)).to_be_visible()
    page.evaluate("document.querySelector('main').prepend(document.querySelector('domain-training-progress'))")
    run.send(progress(0.5))
    expect(element.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "27")
    assert len(opened) == 1


def test_the_page_chooses_the_parts_and_their_places(page: Page, show: Show, run: Run) -> None:
    run.send(phase(ENTITY), progress(0.5, metrics={"entity_f1": 0.5}))
    streams = OpenStreams(page)
    cells = "<td><training-eta></training-eta></td><td><training-progress></training-progress></td>"
    element = show(run, f"<table><tr>{cells}</tr></table>")
    expect(element.locator("td training-progress").get_by_role("progressbar")).to_have_attribute("aria-valuenow", "27")
    expect(element.get_by_role("region", name="Metrics")).to_have_count(0)
    streams.wait_for(page, 1)
    page.evaluate("document.querySelector('td').append(document.createElement('training-metrics'))")
    expect(element.get_by_role("region", name="Metrics")).to_contain_text("0.5")
    streams.wait_for(page, 1)


def test_show_names_the_parts(page: Page, show: Show, run: Run) -> None:
    run.send(phase(ENTITY), complete(result={"prompts": {"entity": "Find all entities."}}))
    element = show(run, show="result")
    expect(element.get_by_text("Find all entities.")).to_be_visible()
    expect(element.get_by_role("progressbar")).to_have_count(0)
    element.evaluate("element => { element.show = 'progress' }")
    expect(element.get_by_role("progressbar")).to_be_visible()
    expect(element.get_by_text("Find all entities.")).to_have_count(0)


def test_attributes_and_properties_can_change(page: Page, show: Show, run: Run, service: Service) -> None:
    run.send(phase(ENTITY), progress(0.5), complete())
    other = Run(run.client, run.domain)
    other.send(phase("loading_data"))
    element = show(run)
    expect(element.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "5")
    element.evaluate("(element, number) => { element.run = number }", run.number)
    expect(element.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "100")
    element.evaluate("element => { element.run = null; element.token = 'wrong' }")
    expect(element.locator(".connection.refused")).to_be_visible()
    element.evaluate("(element, token) => { element.token = token }", service.token("viewer"))
    expect(element.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "5")
    expect(element.get_by_text("live", exact=True)).to_be_visible()


def test_a_refusal_of_a_token_that_was_replaced_meanwhile_does_not_count(
    page: Page, show: Show, run: Run, service: Service
) -> None:
    run.send(phase(ENTITY), progress(0.5))
    held: list[Route] = []
    page.route("**/training-stream*", lambda route: held.append(route), times=1)
    element = show(run)
    while not held:
        page.wait_for_timeout(20)
    element.evaluate("(element, token) => { element.token = token }", service.token("operator"))
    held[0].fulfill(status=401, headers={"Access-Control-Allow-Origin": "*"}, json={"detail": "No longer."})
    expect(element.get_by_text("live", exact=True)).to_be_visible()


def test_another_token_takes_nothing_from_its_reader(page: Page, show: Show, run: Run, service: Service) -> None:
    run.send(phase(ENTITY), log("one"), log("two"))
    element = show(run)
    expect(element.get_by_role("grid", name="Log lines")).to_contain_text("two")
    element.get_by_label("Search log messages").fill("two")
    page.keyboard.press("Enter")
    expect(element.get_by_role("grid", name="Log lines").locator("mark")).to_have_text("two")
    element.evaluate("(element, token) => { element.token = token }", service.token("operator"))
    run.send(log("three"), complete())
    expect(element.locator(".state")).to_have_text("completed")
    expect(element.get_by_label("Search log messages")).to_have_value("two")
    assert heard(page)[-1] == ["training-end", "completed", 100]


def test_an_end_that_nobody_listened_to_is_told_when_the_next_run_is_shown(page: Page, show: Show, run: Run) -> None:
    run.send(phase(ENTITY))
    element = show(run)
    expect(element.get_by_text("live", exact=True)).to_be_visible()
    hide = "state => { Object.defineProperty(document, 'hidden', {value: state, configurable: true});" \
        " document.dispatchEvent(new Event('visibilitychange')) }"  # fmt: skip
    with page.expect_event("requestfailed", lambda request: "training-stream" in request.url):
        page.evaluate(hide, True)
    run.send(complete())
    Run(run.client, run.domain).send(phase("loading_data"))
    page.evaluate(hide, False)
    expect(element.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "5")
    page.wait_for_function("heard.some(([type, status]) => type === 'training-end' && status === 'completed')")


def test_a_removed_element_asks_for_nothing_more(page: Page, show: Show, run: Run) -> None:
    run.send(phase(ENTITY))
    asked: list[str] = []
    held: list[Route] = []
    page.route(f"**/domains/{run.domain}", lambda route: held.append(route))
    element = show(run)
    while not held:
        page.wait_for_timeout(20)
    page.on("request", lambda request: asked.append(request.url))
    element.evaluate("element => element.remove()")
    page.unroute(f"**/domains/{run.domain}")
    page.wait_for_timeout(500)  # whatever it still does has been begun
    assert asked == []


@pytest.mark.parametrize(
    ("address", "answer"),
    [
        ("**/domains/{}", {"status": 200, "body": "<html>a proxy's page</html>"}),
        ("**/training-logs*", {"status": 200, "body": '{"logs": [', "content_type": "application/json"}),
        ("**/training-logs*", {"status": 429, "headers": {"Retry-After": "1"}, "body": "{}"}),
        ("**/training-stream*", {"status": 200, "body": "<html>a sign-in page</html>"}),
        ("**/training-stream*", {"status": 200, "content_type": "text/event-stream", "body": "data: {broken\n\n"}),
    ],
    ids=["no JSON", "half an answer", "too many requests", "no stream", "broken data"],
)
def test_what_somebody_else_answers_is_an_interruption(
    page: Page, show: Show, run: Run, address: str, answer: dict[str, Any]
) -> None:
    run.send(phase(ENTITY), progress(0.5))
    with_cors = {"Access-Control-Allow-Origin": "*", **answer.pop("headers", {})}
    page.route(address.format(run.domain), lambda route: route.fulfill(headers=with_cors, **answer), times=1)
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    element = show(run)
    expect(element.get_by_text("live", exact=True)).to_be_visible(timeout=20_000)
    expect(element.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "27")
    run.send(progress(0.6))
    expect(element.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "31")
    assert failures == []


def test_properties_that_were_set_before_the_script_came(page: Page, service: Service, run: Run) -> None:
    run.send(phase(ENTITY), progress(0.5), complete())
    Run(run.client, run.domain).send(phase("loading_data"))
    page.evaluate(
        """properties => {
            const element = document.createElement("domain-training-progress");
            document.getElementById("place").append(Object.assign(element, properties));
        }""",
        {"domain": run.domain, "base": service.url, "token": service.token("viewer"), "run": run.number},
    )
    load(page)
    expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "100")
    page.evaluate("document.querySelector('domain-training-progress').run = null")
    expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "5")


def test_marked_text_stays_marked(page: Page, show: Show, run: Run) -> None:
    run.send(log("a message to mark"), log("another"))
    element = show(run)
    message = element.locator(".log-message").first
    expect(message).to_have_text("a message to mark")
    box = message.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 2, box["y"] + box["height"] / 2, steps=5)
    page.mouse.up()
    expect(element.get_by_role("region", name="Selected line")).to_be_hidden()
    element.locator(".log-message").last.click()
    expect(element.get_by_role("region", name="Selected line")).to_be_visible()


def test_an_element_that_was_there_before_its_script(page: Page, service: Service, run: Run) -> None:
    run.send(phase(ENTITY), progress(0.5))
    page.evaluate(
        """([domain, base, token]) => {
            document.getElementById("place").innerHTML =
                `<domain-training-progress domain="${domain}" base="${base}/"></domain-training-progress>`;
            document.querySelector("domain-training-progress").token = token;
        }""",
        [run.domain, service.url, service.token("viewer")],
    )
    load(page)
    expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "27")


def test_colours_and_frames_are_the_page_s_to_choose(page: Page, show: Show, run: Run) -> None:
    run.send(phase(ENTITY))
    element = show(run)
    page.add_style_tag(
        content="domain-training-progress { --run: rgb(1, 2, 3) }"
        "domain-training-progress::part(card) { border-width: 4px }"
        "domain-training-progress::part(progress-card) { border-width: 7px }"
    )
    expect(element.locator(".state.training")).to_have_css("color", "rgb(1, 2, 3)")
    expect(element.locator("training-state .card")).to_have_css("border-top-width", "4px")
    expect(element.locator("training-progress .card")).to_have_css("border-top-width", "7px")


def test_a_strict_policy_of_the_page_is_kept(page: Page, show: Show, service: Service, run: Run) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.evaluate(
        """policy => {
            const meta = document.createElement("meta");
            meta.httpEquiv = "Content-Security-Policy";
            meta.content = policy;
            document.head.append(meta);
        }""",
        f"default-src 'none'; connect-src {service.url}",
    )
    run.send(phase(ENTITY), progress(0.5, metrics={"entity_f1": 0.71}), log("a line"))
    element = show(run)
    expect(element.get_by_role("grid", name="Log lines")).to_contain_text("a line")
    expect(element.get_by_role("region", name="Metrics")).to_contain_text("0.71")
    assert said == []


def test_an_unknown_domain_says_so(page: Page, show: Show, run: Run) -> None:
    element = show(run)
    element.evaluate("element => { element.domain = 'no_such_domain' }")
    expect(page.locator(".connection.refused")).to_contain_text("no_such_domain")


def test_files_come_with_the_token(page: Page, show: Show, run: Run, tmp_path: Path) -> None:
    run.send(log("a line"), complete(result={"prompts": {"entity": "Find."}}))
    element = show(run, show="log result")
    with page.expect_download() as of_log:
        element.get_by_role("link", name="Download", exact=True).click()
    of_log.value.save_as(tmp_path / "log")
    assert "INFO a line" in (tmp_path / "log").read_text()
    with page.expect_download() as of_result:
        element.get_by_role("link", name="Download all as JSON").click()
    assert of_result.value.suggested_filename == f"{run.domain}-{run.number}-result.json"


def test_its_keys_are_heard_inside_it_alone(page: Page, show: Show, run: Run) -> None:
    run.send(*[log(f"line {n}") for n in range(1, 4)])
    element = show(run)
    expect(element.get_by_role("grid", name="Log lines")).to_contain_text("line 3")
    search = element.get_by_label("Search log messages")
    page.keyboard.press("/")
    expect(search).not_to_be_focused()
    element.get_by_role("grid", name="Log lines").focus()
    page.keyboard.press("/")
    expect(search).to_be_focused()
    page.keyboard.type("line 2")
    page.keyboard.press("Enter")
    expect(element.get_by_role("region", name="Selected line")).to_contain_text("line 2")
    assert page.evaluate("location.search + location.hash") == ""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_violation_in_axe_in_either_scheme(page: Page, show: Show, run: Run, scheme: str) -> None:
    run.send(
        phase(ENTITY), progress(0.5, message="x" * 300, metrics={"entity_f1": 0.71}), log("a line"), log("b", "ERROR")
    )
    look = f"color-scheme: {scheme}; background: Canvas; color: CanvasText"
    page.evaluate("look => document.documentElement.style.cssText = look", look)
    page.evaluate("document.title = 'Elsewhere'; document.querySelector('style').remove()")
    element = show(run, show="connection state eta progress metrics log result")
    expect(element.get_by_role("grid", name="Log lines")).to_contain_text("a line")
    assert violations(page) == []
    page.set_viewport_size({"width": 360, "height": 800})
    assert widest_overflow(page) <= 0
