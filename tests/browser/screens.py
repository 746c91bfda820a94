"""`make screens`: a picture of every page in every state, light and dark, in docs/screens.

Made from a service of its own with runs that are put into each state; the one that the README shows is tracked.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from playwright.sync_api import Browser, Page, sync_playwright

from tests.support.displayed_runs import ENTITY, TAKEN_S, scores, spread, steps, trials
from tests.support.optimizer_story import gepa_events, send_all
from tests.support.programs import path_of_chromium
from tests.support.project import PROJECT
from tests.support.running_service import Service
from tests.support.runs import Run, complete, fail, log, phase, progress

PICTURES = PROJECT / "docs" / "screens"
DOMAINS = {
    "medical": "Entities and relations of clinical notes",
    "legal": "Contracts and rulings, their parties and clauses",
    "finance": "Filings, their figures and who reported them",
    "chemistry": "Reactions, substances and conditions from papers",
    "news": "People, places and events of the day",
    "patents": "Claims and what they rest on",
    "support": "Products, faults and what helped",
    "insurance": "Claims, causes and sums",
    "biology": "Genes, proteins and how they act",
    "radiology": "Findings of images, and where they are",
}


def main() -> None:
    """Make all pictures, or those whose names are given."""
    wanted = set(sys.argv[1:])
    service = Service()
    try:
        service.start()
        tell_stories(service)
        with sync_playwright() as playwright:
            as_root = ["--no-sandbox"] if os.geteuid() == 0 else []
            browser = playwright.chromium.launch(executable_path=path_of_chromium(), args=as_root)
            for scheme in ("light", "dark"):
                with signed_in(browser, service, scheme) as page:
                    for name, path in PAGES.items():
                        if not wanted or name in wanted:
                            picture(page, service, name, path, scheme)
                    if not wanted or "disconnected" in wanted:
                        disconnected(page, service, scheme)
    finally:
        service.stop()


PAGES = {
    "domains": "/",
    "running": "/domains/medical",
    "completed": "/domains/medical/runs/2",
    "history": "/domains/medical/history",
    "comparison": "/domains/medical/history?run=2&run=1",
    "failed": "/domains/legal",
    "pending": "/domains/finance",
    "stalled": "/domains/chemistry",
    "hanging": "/domains/news",
    "lost": "/domains/patents",
    "cancelled": "/domains/support",
    "optimisation": "/domains/radiology",
    "never-trained": "/domains/insurance",
    "admin-runs": "/admin/training_status/trainingrun/",
    "admin-domains": "/admin/training_status/domain/",
    "admin-run": "/admin/training_status/trainingrun/3/change/",
    "admin-mark-failed": "/admin/training_status/trainingrun/act/fail?id=3",
}
TABS = ("prompt", "candidates", "lineage", "examples", "usage")
WHOLE = ("running", "optimisation", "admin-run", "comparison", "history")


def tell_stories(service: Service) -> None:
    """Runs in every state there is, with times that look like those of real ones."""
    operator = service.client(service.token("operator"))
    for name, description in DOMAINS.items():
        operator.post("/domains", json={"name": name, "description": description})
    for f1, samples, advice in ((0.74, 80, ""), (0.82, 120, "\nLeave out what is only implied.")):
        config = {"search": {"trials": 12, "seed": 7}, "teacher": {"temperature": round(1.5 - f1, 2)}}
        done = Run(operator, "medical", optimizer="miprov2", sample_count=samples, config=config, tags=["nightly"])
        begun = datetime.now(UTC) - timedelta(hours=3 * (2 - done.number) + 2)
        for name, seconds in TAKEN_S.items():
            done.send(*spread([phase(name), *steps(name, 12, f1)], begun, seconds))
            begun += timedelta(seconds=seconds * (1.1 - done.number / 10))
        entity = f"You are given a clinical note.\nName every entity of the text, each with its type.{advice}"
        prompts = {"entity": entity, "relation": "Say how they relate."}
        done.send(*spread([complete(metrics=scores(f1), result={"prompts": prompts})], begun, 0))
    running = Run(operator, "medical", optimizer="miprov2", sample_count=120)
    begun = datetime.now(UTC) - timedelta(minutes=24)
    for name, seconds in list(TAKEN_S.items())[:2]:
        running.send(*spread([phase(name), *steps(name, 12, 0)], begun, seconds))
        begun += timedelta(seconds=seconds)
    slowly = log("the model answered slowly, \x1b[33m4.2 s\x1b[0m", "WARNING")
    tried = [*trials(ENTITY, 40, 0.86)[:58], slowly, progress(0.72, message="trial 29 of 40")]
    running.send(*spread([phase(ENTITY), *tried], begun, (datetime.now(UTC) - begun).total_seconds()))
    failed = Run(operator, "legal", optimizer="gepa", sample_count=80)
    failed.send(
        phase("loading_data"), log("clause 7 cannot be read", "ERROR"), fail("ValueError: 3 of 80 samples have no text")
    )
    Run(operator, "finance", optimizer="copro")
    for name in ("chemistry", "news", "patents", "support", "biology"):
        Run(operator, name, optimizer="simba").send(phase(ENTITY), *trials(ENTITY, 20, 0.7)[:22])
    ok_to_cancel = operator.get("/domains/support/training-status").json()["training_run_id"]
    operator.post(f"/training-runs/{ok_to_cancel}/cancel")
    Run(operator, "biology")
    send_all(Run(operator, "radiology", optimizer="gepa"), gepa_events(200, 118))
    service.run_in_django(AGED)


AGED = """
from datetime import timedelta
from django.utils import timezone
from django.db.models import F
from training_status.models import PhaseTiming, TrainingRun
now, minutes = timezone.now(), lambda n: timedelta(minutes=n)
others = TrainingRun.objects.exclude(domain__name="medical")
others.filter(started_at__isnull=False).update(
    created_at=F("created_at") - minutes(40), started_at=F("started_at") - minutes(40))
timings = PhaseTiming.objects.filter(run_id__in=others.values("id"))
timings.update(started_at=F("started_at") - minutes(30))
timings.filter(phase="loading_data").update(
    started_at=F("started_at") - minutes(9), ended_at=F("ended_at") - minutes(30))
others.filter(phase_started_at__isnull=False).update(phase_started_at=F("phase_started_at") - minutes(30))
silent = TrainingRun.objects.filter(domain__name__in=["chemistry", "support"])
silent.update(last_report_at=now - minutes(3), last_event_at=now - minutes(3))
TrainingRun.objects.filter(domain__name="support").update(cancel_requested_at=now - minutes(4))
TrainingRun.objects.filter(domain__name="news").update(
    last_report_at=now + minutes(30), last_event_at=now - minutes(45))
TrainingRun.objects.filter(domain__name="medical", run_number=3).update(last_report_at=now + minutes(30))
TrainingRun.objects.filter(domain__name="patents").update(
    state="failed", failure_reason="lost", ended_at=now - minutes(16), last_report_at=now - minutes(16))
"""


@contextmanager
def signed_in(browser: Browser, service: Service, scheme: str) -> Iterator[Page]:
    """A page in which the operator is signed in."""
    with browser.new_context(
        color_scheme=scheme,  # type: ignore[arg-type]
        viewport={"width": 1280, "height": 900},
        locale="en-GB",
        timezone_id="Europe/Berlin",
    ) as context:
        page = context.new_page()
        page.goto(f"{service.url}/sign-in")
        page.screenshot(path=PICTURES / f"sign-in-{scheme}.png")
        page.get_by_label("Username").fill("operator")
        page.get_by_label("Password").fill(service.operator_password)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"{service.url}/")
        yield page


def picture(page: Page, service: Service, name: str, path: str, scheme: str) -> None:
    """The page as it is when everything on it is there."""
    page.goto(service.url + path)
    page.wait_for_load_state("load")
    page.wait_for_timeout(1500)  # streams go on, so no event says that all is shown
    page.screenshot(path=PICTURES / f"{name}-{scheme}.png", full_page=name in WHOLE)
    if name == "optimisation":
        for tab in TABS:
            page.locator(f"#optimisation-tab-{tab}").click()
            page.wait_for_timeout(1500)
            page.locator("#optimisation").screenshot(path=PICTURES / f"optimisation-{tab}-{scheme}.png")


def disconnected(page: Page, service: Service, scheme: str) -> None:
    """The page while the service is away."""
    page.goto(service.url + PAGES["running"])
    page.get_by_text("live", exact=True).wait_for()
    service.terminate()
    page.get_by_text("reconnecting").wait_for()
    page.screenshot(path=PICTURES / f"disconnected-{scheme}.png")
    service.start()


if __name__ == "__main__":
    main()
