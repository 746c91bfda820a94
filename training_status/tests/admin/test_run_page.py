"""A run's page: everything that is known of it, and its tags and note to be changed."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.support.concurrency import AWAIT_S, in_thread, wait_until_blocked
from tests.support.factories import PhaseTimingFactory, TrainingRunFactory, log_lines, send
from tests.support.page_forms import fields_of, open_fields, save
from training_status.ingest.batch import CompleteEvent, LogEvent, PhaseEvent, ProgressEvent
from training_status.ingest.request_schemas import RunChange
from training_status.ingest.runs import change_run
from training_status.models import TrainingRun

pytestmark = pytest.mark.django_db

EVIL = "<img src=x onerror=alert(1)>"


def page_of(run: TrainingRun) -> str:
    return f"/admin/training_status/trainingrun/{run.id}/change/"


def test_everything_that_is_known(operator_browser):
    earlier = TrainingRunFactory(domain__name="medical", run_number=1, completed=True, metrics={"entity_f1": 0.5})
    run = TrainingRunFactory(
        domain=earlier.domain, run_number=2, config={"trials": 12}, tags=["nightly"], note="ok so far"
    )
    send(
        run,
        PhaseEvent(n=1, phase="loading_data"),
        PhaseEvent(n=2, phase="model_validation"),
        ProgressEvent(n=3, fraction=0.5, metrics={"entity_f1": 0.75}),
        LogEvent(n=4, level="WARNING", message="\x1b[33mslow\x1b[0m answer"),
        CompleteEvent(n=5, result={"prompts": {"entity": "Name every entity."}, "size": 3}),
    )
    page = operator_browser.get(page_of(run)).content.decode()
    for text in (
        "medical #2", "completed", "loading data", "0.75", "0.5", "+0.25", "nightly", "ok so far", ">slow answer<",
        '<td class="level WARNING">', "Prompt: entity", "Name every entity.", "&quot;trials&quot;: 12",
        "&quot;size&quot;: 3", str(run.public_id), 'href="/domains/medical/runs/2"',
        "/api/v1/admin/domains/medical/training-logs/download?run=2",
        f"/api/v1/admin/training-runs/{run.public_id}/export",
    ):  # fmt: skip
        assert text in page, text
    assert page.count("<details>") == 4


def test_metrics_with_every_digit_to_be_had(operator_browser):
    earlier = {"count": 1234567, "near_one": 0.99996, "ratio": 0.8765432, "sum": 0.3, "huge": 2**64}
    later = {"count": 1234568, "near_one": 0.99997, "ratio": 0.7654321, "sum": 0.1 + 0.2, "huge": 2**64 + 1}
    first = TrainingRunFactory(domain__name="medical", run_number=1, completed=True, metrics=earlier)
    run = TrainingRunFactory(domain=first.domain, run_number=2, completed=True, metrics=later)
    page = operator_browser.get(page_of(run)).content.decode()
    for row in (
        "<td>1,234,568</td><td>1,234,567</td><td>+1</td>",  # of what nobody knows which is better
        "<td>18,446,744,073,709,551,617</td><td>18,446,744,073,709,551,616</td><td>+1</td>",
        "<td>0.99997</td><td>0.99996</td><td>+0.00001</td>",
        '<td title="0.7654321">0.7654</td><td title="0.8765432">0.8765</td><td>-0.1111</td>',
        "<td>0.30000000000000004</td><td>0.3</td><td>+4e-17</td>",
    ):
        assert row in page, row


def test_better_or_worse_is_said_where_it_is_known(operator_browser):
    earlier = {"completion_tokens": 324_900, "entity_f1": 0.75, "grip": 2, "loss": 1, "throughput": 7}
    later = {"completion_tokens": 195_000, "entity_f1": 0.5, "grip": 1, "loss": 1, "throughput": 9}
    first = TrainingRunFactory(domain__name="medical", run_number=1, completed=True, metrics=earlier)
    run = TrainingRunFactory(
        domain=first.domain, run_number=2, completed=True, metrics=later, higher_is_better={"grip": False}
    )
    page = operator_browser.get(page_of(run)).content.decode()
    for cell in (
        '<td class="better">-129,900, better</td>',
        '<td class="worse">-0.25, worse</td>',
        '<td class="better">-1, better</td>',
        "<td>same</td>",
        "<td>+2</td>",
        "<dd>{&quot;grip&quot;: false}</dd>",
    ):
        assert cell in page, cell


def test_a_phase_is_not_at_a_hundred_percent_before_it_is_completed(operator_browser):
    run = TrainingRunFactory()
    send(run, PhaseEvent(n=1, phase="loading_data"), ProgressEvent(n=2, fraction=0.999))
    page = operator_browser.get(page_of(run)).content.decode()
    assert "<td>in progress</td><td>99 %</td>" in page
    assert 'title="loading data: 99 %"' in page


def test_a_phase_lasts_no_longer_than_its_run(operator_browser):
    """A run that was cancelled and fell silent is shown as ended, although no end of its phase is stored."""
    ended = timezone.now() - timedelta(minutes=10)
    run = TrainingRunFactory(
        running=True,
        created_at=ended - timedelta(minutes=5),
        current_phase="initialization",
        cancel_requested_at=ended,
        last_report_at=ended,
    )
    PhaseTimingFactory(run=run, started_at=run.started_at)
    page = operator_browser.get(page_of(run)).content.decode()
    assert "<td>5 min</td>" in page
    assert "5 min total" in page


def test_a_run_of_which_nothing_is_known_yet(operator_browser):
    page = operator_browser.get(page_of(TrainingRunFactory())).content.decode()
    assert "not started" in page
    assert "No log entries." in page


def test_an_unknown_run_is_not_there(operator_browser):
    for key in ("999999", "x", "1" * 30):
        assert operator_browser.get(f"/admin/training_status/trainingrun/{key}/change/").status_code == 404


def test_the_last_fifty_lines_however_many_there_are(operator_browser):
    run = TrainingRunFactory()
    taken = []
    for first, count in ((1, 5), (6, 500)):
        send(run, *log_lines(first, count))
        with CaptureQueriesContext(connection) as queries:
            page = operator_browser.get(page_of(run)).content.decode()
        taken.append(len(queries))
    assert "The last 50 of 505 log entries" in page
    assert page.count('class="level INFO"') == 50
    assert taken[0] == taken[1] <= 13


def test_tags_and_note_change_as_over_the_api(operator_browser):
    run = TrainingRunFactory(tags=["a"], note="before")
    answer = save(operator_browser, page_of(run), tags=" nightly \r\ngpu 2\r\n\r\n", note="one\r\ntwo")
    assert (answer.status_code, answer["Location"]) == (302, page_of(run))
    run.refresh_from_db()
    assert (run.tags, run.note) == (["nightly", "gpu 2"], "one\ntwo")


def test_what_is_left_as_it_is_is_not_touched(operator_browser):
    run = TrainingRunFactory(tags=["two\nlines"], note="x")
    save(operator_browser, page_of(run), note="y")
    run.refresh_from_db()
    assert (run.tags, run.note) == (["two\nlines"], "y")


def test_an_old_page_undoes_nobodys_change(operator_browser):
    run = TrainingRunFactory(tags=["a", "b"], note="\nfirst line left empty\n<b>&amp;\n")
    old = open_fields(operator_browser, page_of(run))
    change_run(run.public_id, RunChange(note="from somebody else"))
    assert operator_browser.post(page_of(run), {**old, "tags": "a\r\nc"}).status_code == 302
    run.refresh_from_db()
    assert (run.tags, run.note) == (["a", "c"], "from somebody else")
    answer = operator_browser.post(page_of(run), {**old, "tags": "d", "note": "mine"})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "The current value is: from somebody else" in page
    assert "The current value is: a\nc" in page
    run.refresh_from_db()
    assert (run.tags, run.note) == (["a", "c"], "from somebody else")
    operator_browser.post(page_of(run), fields_of(page))
    run.refresh_from_db()
    assert (run.tags, run.note) == (["d"], "mine")


@pytest.mark.django_db(transaction=True)
def test_a_change_that_is_being_made_is_waited_for_and_not_overwritten(operator_browser):
    run = TrainingRunFactory(note="before")
    old = open_fields(operator_browser, page_of(run))
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            change_run(run.public_id, RunChange(note="from somebody else"))
            mine = pool.submit(in_thread, lambda: operator_browser.post(page_of(run), {**old, "note": "mine"}))
            wait_until_blocked()
        assert mine.result(AWAIT_S).status_code == 422
    run.refresh_from_db()
    assert run.note == "from somebody else"


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"tags": "x" * 101, "note": ""}, "tags[0] is not valid"),
        ({"tags": "\n".join(map(str, range(51))), "note": ""}, "tags is not valid"),
        ({"tags": "", "note": "x" * 65537}, "note has 65537 bytes"),
        ({"tags": "", "note": "a\0b"}, "Null characters are not allowed"),
    ],
)
def test_what_cannot_be_stored_stands_at_its_field(operator_browser, typed, sentence):
    run = TrainingRunFactory(tags=["kept"], note="kept")
    answer = save(operator_browser, page_of(run), **typed)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert "Not saved." in answer.content.decode()
    run.refresh_from_db()
    assert (run.tags, run.note) == (["kept"], "kept")


def test_an_operator_without_the_right_only_looks(operator_browser):
    run = TrainingRunFactory(note="kept")
    Permission.objects.get(codename="change_trainingrun").delete()
    page = operator_browser.get(page_of(run))
    assert page.status_code == 200
    assert b"Save tags and note" not in page.content
    assert operator_browser.post(page_of(run), {"note": "x"}).status_code == 403


def test_texts_are_escaped(operator_browser):
    run = TrainingRunFactory(
        config={EVIL: EVIL}, tags=[EVIL], note=EVIL, optimizer=EVIL, llm_model=EVIL, metrics={EVIL: EVIL}
    )
    send(
        run,
        ProgressEvent(n=1, fraction=0.5, message=EVIL, metrics={EVIL: EVIL}),
        LogEvent(n=2, level="ERROR", message=EVIL, step=EVIL),
        CompleteEvent(n=3, result={"prompts": {EVIL: EVIL}}),
    )
    failed = TrainingRunFactory(lost=True, error_message=EVIL, created_at=run.created_at - timedelta(days=1))
    run.domain.description = EVIL + EVIL
    run.domain.save()
    pages = [page_of(run), page_of(failed), f"/admin/training_status/domain/{run.domain_id}/change/"]
    for path in pages:
        page = operator_browser.get(path).content.decode()
        assert "&lt;img src=x" in page
        assert "<img src=x" not in page


def test_nothing_is_hidden_in_what_a_reporter_says(operator_browser):
    wild, shown = "\x1b[31mred\x1b[0m \u202eDELIAF", "red &lt;U+202E&gt;DELIAF"
    run = TrainingRunFactory(config={wild: wild}, optimizer=wild, note=f"note {wild}", tags=[])
    send(
        run,
        ProgressEvent(n=1, fraction=0.5, message=f"latest {wild}", metrics={f"metric {wild}": 0.5}),
        LogEvent(n=2, level="INFO", message="\x1b]8;;https://example.org/\x1b\\docs\x1b]8;;\x1b\\"),
        CompleteEvent(n=3, result={"prompts": {f"prompt {wild}": f"text {wild}"}}),
    )
    page = operator_browser.get(page_of(run)).content.decode()
    for text in ("latest", "metric", "Prompt: prompt", "text", "note"):
        assert f"{text} {shown}" in page, text
    assert f"<dd>{shown}</dd>" in page
    assert "docs &lt;https://example.org/&gt;" in page
    fields = page[page.index('aria-label="Tags and note"') : page.index('id="log-heading"')]
    assert "\u202e" not in page.replace(fields, "")
