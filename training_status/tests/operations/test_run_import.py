"""Importing a run: where it goes, and what is refused."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import transaction

from tests.support.concurrency import AWAIT_S, in_thread, wait_until_blocked
from tests.support.exported_runs import export, joined, lines_of, put_back
from tests.support.factories import DomainFactory, TrainingRunFactory, log_lines, new_id, send
from training_status.errors import AegisError, Conflict, InvalidInput, NotFound
from training_status.ingest.batch import METRICS_MAX_BYTES, CompleteEvent, LogEvent, ProgressEvent
from training_status.ingest.deletion import delete_domain, delete_run
from training_status.ingest.request_schemas import NewRun
from training_status.ingest.runs import start_run
from training_status.models import AuditEntry, Domain, PhaseTiming, TrainingLogEntry, TrainingRun

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def exported() -> bytes:
    """Run 3 of `medical`, with three entries, which is nowhere any more."""
    run = TrainingRunFactory(
        domain__name="medical",
        domain__kept_days=2.5,
        domain__higher_is_better={"grip": True},
        run_number=3,
        config={"a": 1},
        higher_is_better={"f1": False},
    )
    send(
        run,
        ProgressEvent(n=1, fraction=0.5, message="half", metrics={"f1": 0.5}),
        *log_lines(2, 2),
        CompleteEvent(n=4, result={"prompts": {}}),
    )
    whole = export(run)
    delete_domain("medical")
    return whole


def test_a_missing_domain_is_made_as_it_was(exported):
    put_back(exported)
    domain = Domain.objects.get()
    assert (domain.name, domain.description, domain.kept_days) == ("medical", "A domain made for a test.", 2.5)
    assert (domain.last_run_number, domain.higher_is_better) == (3, {"grip": True})
    entries = list(AuditEntry.objects.order_by("-id").values_list("action", "subject", "name", "details")[:2])
    assert entries[1][3]["kept_days"] == 2.5
    assert [entry[:3] for entry in entries] == [("imported", "run", "medical #3"), ("created", "domain", "medical")]
    run = TrainingRun.objects.get()
    assert entries[0][3] == {
        "training_run_id": str(run.public_id),
        "log_entries": 3,
        "exported_from": {"domain": "medical", "run_number": 3},
    }


def test_a_file_of_an_earlier_release_declares_nothing(exported):
    header, *lines = lines_of(exported)
    del header["domain"]["higher_is_better"], header["run"]["higher_is_better"]
    put_back(joined([header, *lines]))
    assert (Domain.objects.get().higher_is_better, TrainingRun.objects.get().higher_is_better) == ({}, {})


@pytest.mark.parametrize("refused", [None, [], {"f1": 1}, {f"m{number:07}": True for number in range(10_000)}])
def test_directions_that_no_reporter_could_send_are_refused(exported, refused):
    for part in ("domain", "run"):
        header, *lines = lines_of(exported)
        header[part]["higher_is_better"] = refused
        with pytest.raises(InvalidInput, match="higher_is_better"):
            put_back(joined([header, *lines]))
    assert not Domain.objects.exists()


def test_a_domain_that_is_there_stays_as_it_is(exported):
    DomainFactory(name="medical", description="Another domain of that name.", last_run_number=9)
    assert put_back(exported).run_number == 3
    domain = Domain.objects.get()
    assert (domain.description, domain.last_run_number, domain.kept_days) == ("Another domain of that name.", 9, None)


def test_another_domain_can_be_named_and_must_exist(exported):
    with pytest.raises(NotFound, match="There is no domain 'legal'"):
        put_back(exported, domain_name="legal")
    assert not Domain.objects.exists()
    DomainFactory(name="legal")
    put_back(exported, domain_name="legal")
    assert str(TrainingRun.objects.get()) == "legal #1"
    assert [domain.name for domain in Domain.objects.all()] == ["legal"]


@pytest.mark.parametrize("last", [1, 7])
def test_in_another_domain_it_takes_the_next_number(exported, last):
    """Whether its own would have left a hole there, or was used before by a run that is gone."""
    DomainFactory(name="legal", last_run_number=last)
    assert put_back(exported, domain_name="legal").run_number == last + 1
    start_run("legal", NewRun())
    assert sorted(TrainingRun.objects.values_list("run_number", flat=True)) == [last + 1, last + 2]
    assert len(lines_of(export(TrainingRun.objects.get(run_number=last + 1)))) == 5


@pytest.mark.parametrize("options", [{}, {"domain_name": "medical"}], ids=["unnamed", "named"])
def test_a_taken_number_is_not_taken_twice(exported, options):
    other = TrainingRunFactory(domain__name="medical", run_number=3)
    Domain.objects.update(last_run_number=5)
    with pytest.raises(Conflict, match="already has another run 3") as refusal:
        put_back(exported, **options)
    assert refusal.value.code == "run_number_taken"
    assert TrainingRun.objects.get() == other
    assert not TrainingLogEntry.objects.exists()


def test_the_next_run_comes_after_it(exported):
    put_back(exported)
    start_run("medical", NewRun())
    assert sorted(TrainingRun.objects.values_list("run_number", flat=True)) == [3, 4]


def test_a_run_that_is_there_is_not_imported_again(exported):
    put_back(exported)
    DomainFactory(name="legal")
    before = everything()
    for options in ({}, {"domain_name": "legal"}):
        with pytest.raises(Conflict, match=r"already exists: it is medical #3\."):
            put_back(exported, **options)
    assert everything() == before


def test_two_imports_of_the_same_at_once_make_one_run(exported):
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            put_back(exported)
            other = pool.submit(in_thread, lambda: put_back(exported))
            wait_until_blocked()
        with pytest.raises(Conflict, match="already exists"):
            other.result(AWAIT_S)
    assert TrainingLogEntry.objects.count() == 3


def test_of_two_imports_into_a_domain_that_is_being_made_only_its_maker_sets_its_limits(exported):
    """The other's file has the domain as it was at another time."""
    first = lines_of(exported)
    first[0]["domain"]["kept_days"] = 9.0
    first[0]["run"] |= {"public_id": str(new_id()), "run_number": 4}
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            put_back(joined(first))
            other = pool.submit(in_thread, lambda: put_back(exported))
            wait_until_blocked()
        assert other.result(AWAIT_S).run_number == 3
    domain = Domain.objects.get()
    assert (domain.kept_days, domain.last_run_number) == (9.0, 4)
    created = AuditEntry.objects.filter(action="created", subject="domain")
    assert [entry.details["kept_days"] for entry in created] == [9.0]


def test_numbers_that_have_grown_in_the_database_are_not_too_large():
    run = TrainingRunFactory(domain__name="medical")
    metrics = {str(n): 1e308 for n in range(1200)}
    assert len(json.dumps(metrics, separators=(",", ":"))) < METRICS_MAX_BYTES
    send(run, LogEvent(n=1, level="INFO", message="m", metrics=metrics), CompleteEvent(n=2, metrics=metrics))
    whole = export(run)
    assert len(whole) > 20 * METRICS_MAX_BYTES
    delete_run(run.public_id)
    put_back(whole)
    assert export(run) == whole


def everything() -> list:
    """What there is in the database, as far as an import could change it."""
    models = (Domain, TrainingRun, PhaseTiming, AuditEntry)
    stored = [list(model.objects.order_by("id").values()) for model in models]
    return [*stored, list(TrainingLogEntry.objects.order_by("run_id", "seq").values())]


def changed(place: int, **values):
    """A change of one line: fields by their names, `run__note` for one further in."""

    def change(lines):
        for name, value in values.items():
            part = lines[place]
            *outer, last = name.split("__")
            for key in outer:
                part = part[key]
            part[last] = value
        return joined(lines)

    return change


def without(place: int, name: str):
    def change(lines):
        del lines[place][name]
        return joined(lines)

    return change


RUN, FIRST, LAST = 0, 1, -1
REFUSED = [
    ("an empty file", lambda lines: b"", r"Line 1: the file ends before its trailer"),
    ("another file", lambda lines: b'{"a": 1}\n', r"Line 1: this is not an exported training run"),
    ("text", lambda lines: b"hello\n", r"Line 1: it is not valid JSON"),
    ("bytes", lambda lines: b'{"format": "\xff"}\n', r"Line 1: it is not UTF-8 text"),
    ("another version", changed(RUN, version=2), r"Line 1: this is version 2 of the format; only version 1"),
    ("no version", without(RUN, "version"), r"Line 1: this is version 0"),
    ("a field less", lambda lines: without(RUN, "domain")(lines), r"Line 1: domain is required"),
    ("a field more", changed(RUN, run__more=1), r"Line 1: run\.more is not a known field"),
    ("a running run", changed(RUN, run__state="running", run__ended_at=None), r"Line 1: the run was still active"),
    ("a pending run", changed(RUN, run__state="pending"), r"Line 1: the run was still active"),
    ("no state", changed(RUN, run__state="done"), r"Line 1: run\.state is not valid"),
    ("facts that contradict", changed(RUN, run__end_reported=False), r"Line 1: the fields .* \(run completed is rep"),
    ("an end before the start", changed(RUN, run__ended_at="0001-01-01T00:00:00Z"), r"\(run ends after start\)"),
    ("a phase that is none", changed(RUN, run__current_phase="baking"), r"Line 1: run\.current_phase is not valid"),
    ("times of no phase", changed(RUN, run__current_phase=None, run__phase_started_at=None),
     r"Line 1: phase_timings and run\.current_phase contradict"),
    ("a number too large", changed(RUN, run__run_number=2**60), r"Line 1: run\.run_number is not valid"),
    ("a domain's name", changed(RUN, domain__name="Medical"), r"Line 1: domain\.name is not valid"),
    ("a domain's name with a line feed", changed(RUN, domain__name="medical\n"), r"Line 1: domain\.name is not valid"),
    ("a limit", changed(RUN, domain__kept_days=-1), r"Line 1: domain\.kept_days is not valid"),
    ("a large config", changed(RUN, run__config={"a": "x" * 65536}), r"Line 1: run\.config has 65544 bytes"),
    ("a large result", changed(RUN, run__result={"a": "x" * 2**20}), r"Line 1: run\.result has \d+ bytes"),
    ("a large note", changed(RUN, run__note="x" * 65537), r"Line 1: run\.note has 65537 bytes"),
    ("a large message", changed(RUN, run__message="x" * 65537), r"Line 1: run\.message has 65537 bytes"),
    ("deep json", changed(RUN, run__config=json.loads('{"a":' * 101 + "1" + "}" * 101)), r"nested deeper than 100"),
    ("metrics with a list", changed(RUN, run__metrics={"a": []}), r"Line 1: run\.metrics\.a must be null"),
    ("too many metrics", changed(RUN, run__metrics={"a": "x" * 90_000}), r"Line 1: run\.metrics has \d+ bytes"),
    ("NUL", changed(RUN, run__note="a\0b"), r"Line 1: run\.note contains a NUL character"),
    ("a time out of the calendar", changed(RUN, run__created_at="0001-01-01T00:00:00+01:00"),
     r"Line 1: run\.created_at is outside the years 1 to 9999"),
    ("a time without a zone", changed(FIRST, timestamp="2026-01-01T00:00:00"), r"Line 2: timestamp is not valid"),
    ("no entry", changed(FIRST, seq="1"), r"Line 2: seq is not valid"),
    ("a wrong number", changed(FIRST, seq=2), r"Line 2: expected the entry with seq 1, got 2"),
    ("a gap", lambda lines: joined(lines[:2] + lines[3:]), r"Line 3: expected the entry with seq 2, got 3"),
    ("an entry twice", lambda lines: joined([*lines[:2], *lines[1:]]), r"Line 3: expected the entry with seq 2, got 1"),
    ("an unknown level", changed(FIRST, level="LOUD"), r"Line 2: level must be one of"),
    ("another level", changed(FIRST, level="ERROR"), r"Line 5: the entries do not match the counts in the header"),
    ("an entry less", lambda lines: joined([*lines[:3], lines[LAST]]), r"Line 4: the entries do not match"),
    ("a long message", changed(FIRST, message="x" * 65537), r"Line 2: message has 65537 bytes"),
    ("a long step", changed(FIRST, step="x" * 201), r"Line 2: step is not valid"),
    ("large metrics", changed(FIRST, metrics={"a": "x" * 16384}), r"Line 2: metrics has 16392 bytes"),
    ("an infinite metric", lambda lines: changed(FIRST)(lines).replace(b'"f1": 0.5}, ', b'"f1": 1e999}, ').replace(
        b'"f1": 0.5}}', b'"f1": 1e999}}'), r"Line \d: it is not valid JSON|out of range"),
    ("a lone surrogate", changed(FIRST, message="\ud800"), r"Line 2: it contains a lone surrogate"),
    ("no trailer", lambda lines: joined(lines[:LAST]), r"Line 5: the file ends before its trailer: it is incomplete"),
    ("half a line", lambda lines: joined(lines)[:-30], r"Line 5: it is not valid JSON"),
    ("another trailer", changed(LAST, end="something"), r"Line 5: end must be aegis-training-run"),
    ("a wrong count", changed(LAST, entries=4), r"Line 5: the entries do not match"),
    ("more after the end", lambda lines: joined([*lines, lines[1]]), r"Line 5: this should be the last line"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "sentence"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_what_is_wrong_is_said_with_its_line_and_stores_nothing(exported, change, sentence):
    before = everything()
    with pytest.raises(InvalidInput, match=sentence):
        put_back(change(lines_of(exported)))
    assert everything() == before


def test_whatever_byte_is_missing_nothing_is_stored(exported):
    before = everything()
    for length in range(0, len(exported) - 1, 7):
        with pytest.raises(AegisError, match=r"^Line \d: "):
            put_back(exported[:length])
    assert everything() == before
    put_back(exported[:-1])  # the last line feed may be missing
