"""Signing in, a part of a page alone on an otherwise empty page of the service, and what must hold for every page."""

from typing import Any

from playwright.sync_api import Page

from tests.support.running_service import ADMIN, Service
from tests.support.runs import Run

LIMIT_MS = 60_000

EMPTY_PAGE = "/sign-in"  # which has no script of its own
_MOUNT = """async ([file, name, options, styles]) => {
    for (const style of styles) {
        const link = document.createElement("link");
        link.rel = "stylesheet";
        link.href = `/static/dashboard/${style}`;
        const loaded = new Promise(resolve => { link.onload = resolve; });
        document.head.append(link);
        await loaded;
    }
    const texts = {h1: "A page", h2: name, div: ""};
    const [title, heading, element] = Object.entries(texts).map(([tag, text]) =>
        Object.assign(document.createElement(tag), {textContent: text}));
    const card = document.createElement("section");
    card.className = "card";
    card.append(heading, element);
    document.querySelector("main").replaceChildren(title, card);
    const module = await import(`/static/dashboard/js/${file}`);
    const {Service} = await import("/static/dashboard/js/service.js");
    const always = {service: new Service(), signal: new AbortController().signal, lineAddress: seq => `#L${seq}`};
    window.part = new module[name](element, {...always, ...options});
}"""
_TICKET = """async ([address, token, domain]) => {
    const answer = await fetch(address, {
        method: "POST",
        headers: {"Authorization": `Bearer ${token}`, "Content-Type": "application/json"},
        body: JSON.stringify({domain}),
    });
    return (await answer.json()).ticket;
}"""


def sign_in(page: Page, service: Service) -> None:
    """As the operator."""
    page.goto(f"{service.url}/sign-in")
    page.get_by_label("Username").fill("operator")
    page.get_by_label("Password").fill(service.operator_password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{service.url}/")


def mount(page: Page, file: str, name: str, options: dict[str, Any]) -> None:
    """Put the part alone into the page, as `window.part`."""
    page.evaluate(_MOUNT, [file, name, options, ["run.css", "metrics.css"]])


def widest_overflow(page: Page) -> int:
    """By how many pixels the page is wider than its window."""
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")  # type: ignore[no-any-return]


def ask_for_ticket(page: Page, service: Service, run: Run) -> str:
    """A stream ticket for the run's domain, which the page has asked for with a viewer's token."""
    address = f"{service.url}{ADMIN}/stream-tickets"
    return page.evaluate(_TICKET, [address, service.token("viewer"), run.domain])  # type: ignore[no-any-return]
