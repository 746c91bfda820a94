"""Putting a run back that was exported: log entries first, and only at the end, briefly, under the domain's lock."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, connection
from msgspec import structs

from training_status.errors import Conflict, InvalidInput, NotFound
from training_status.ingest.bodies import NewDomain
from training_status.ingest.domains import create_domain
from training_status.ingest.exported_run import ExportedDomain, ExportedRun, Header
from training_status.ingest.locked_domain import lock_domain
from training_status.ingest.locked_run import insert_entries
from training_status.ingest.run_audit import record_of_run
from training_status.ingest.run_course import Entry
from training_status.models import Domain, ForecastMark, PhaseTiming, TrainingRun
from training_status.wakeups.publish import announce

_LIMITS = ("stall_limit_s", "hang_limit_s", "lost_limit_s", "kept_runs", "kept_days")


@dataclass(frozen=True, slots=True)
class ImportedRun:
    """Where an imported run is now."""

    domain_name: str
    run_number: int
    log_entries: int


def refuse_present(run: ExportedRun) -> None:
    """Raise Conflict (`run_exists`) when there is a run with this id already, in whatever domain."""
    present = TrainingRun.objects.select_related("domain").filter(public_id=run.public_id).first()
    if present is not None:
        raise Conflict(f"The run {run.public_id} is there already: it is {present}.", code="run_exists")


def reserve_run_id() -> int:
    """An internal key for a run that is to be stored later. Log entries may have it before the run is there."""
    with connection.cursor() as cursor:
        # Raw: the ORM takes a key from its sequence only with a row.
        cursor.execute("SELECT nextval(pg_get_serial_sequence('training_status_trainingrun', 'id'))")
        return int(cursor.fetchone()[0])


def store_entries(run_id: int, entries: list[Entry]) -> None:
    """Store log entries for a reserved key, in the transaction that will end with `store_run`."""
    with connection.cursor() as cursor:
        insert_entries(cursor, run_id, entries)


def store_run(run_id: int, header: Header, *, domain_name: str | None, keep_number: bool) -> ImportedRun:
    """Store the run itself, whose entries are stored, and record that it was imported.

    It goes into the domain that it was of, which is created where it is missing, or into `domain_name`, which must
    exist. It keeps its number where that is free, else it takes the next one. Call it at the end of the
    transaction: it locks the domain. Raises Conflict for an id that is taken, and with `keep_number` for a number
    that is; InvalidInput for facts that contradict each other; NotFound for an unknown `domain_name`.
    """
    run = header.run
    refuse_present(run)
    domain = _lock_or_create(header.domain) if domain_name is None else lock_domain(domain_name, only_domain_id=None)
    number = _number_for(run.run_number, domain, keep_number=keep_number)
    domain.last_run_number = max(domain.last_run_number, number)
    domain.save(update_fields=["last_run_number"])
    facts: dict[str, Any] = structs.asdict(run) | {"run_number": number}
    try:
        TrainingRun(id=run_id, domain=domain, **facts).save(force_insert=True)
        PhaseTiming.objects.bulk_create(
            PhaseTiming(run_id=run_id, **structs.asdict(timing)) for timing in header.phase_timings
        )
        ForecastMark.objects.bulk_create(
            ForecastMark(run_id=run_id, **structs.asdict(mark)) for mark in header.forecast_marks
        )
    except IntegrityError as error:
        raise _as_sentence(error, run) from error
    origin = {"domain": header.domain.name, "run_number": run.run_number}
    record_of_run("imported", run_id, exported_from=origin)
    announce(domain.id, run_id)
    return ImportedRun(domain.name, number, run.last_seq - run.first_seq + 1)


def _lock_or_create(exported: ExportedDomain) -> Domain:
    try:
        return lock_domain(exported.name, only_domain_id=None)
    except NotFound:
        with suppress(Conflict):  # somebody has made it meanwhile
            create_domain(NewDomain(name=exported.name, description=exported.description, llm_model=exported.llm_model))
        domain = lock_domain(exported.name, only_domain_id=None)
        for name in _LIMITS:
            setattr(domain, name, getattr(exported, name))
        domain.save(update_fields=_LIMITS)
        return domain


def _number_for(number: int, domain: Domain, *, keep_number: bool) -> int:
    if not TrainingRun.objects.filter(domain=domain, run_number=number).exists():
        return number
    if keep_number:
        raise Conflict(f"There is another run {number} of domain '{domain.name}'.", code="run_number_taken")
    return domain.last_run_number + 1


def _as_sentence(error: IntegrityError, run: ExportedRun) -> Conflict | InvalidInput:
    """What the database refuses: an id that was free when this began, or facts that no run can have together."""
    diagnosis = getattr(error.__cause__, "diag", None)
    constraint = getattr(diagnosis, "constraint_name", None) or ""
    if "public_id" in constraint:
        return Conflict(f"The run {run.public_id} is there already.", code="run_exists")
    return InvalidInput(f"the facts of the run contradict each other ({constraint.replace('_', ' ')})")
