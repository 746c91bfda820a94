"""Storing an imported run: its log entries first, and at the end, briefly under the domain's lock, the run itself."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, connection
from msgspec import structs

from training_status.change_notifications.notify import notify_on_commit
from training_status.errors import Conflict, InvalidInput, NotFound
from training_status.ingest.domains import create_domain
from training_status.ingest.exported_run import ExportedDomain, ExportedRun, Header
from training_status.ingest.locked_domain import lock_domain
from training_status.ingest.locked_run import insert_entries
from training_status.ingest.request_schemas import NewDomain
from training_status.ingest.run_audit import record_run_action
from training_status.ingest.run_state_machine import Entry
from training_status.models import Domain, ForecastMark, PhaseTiming, TrainingRun, UsageForecastMark
from training_status.models.domain import LIMITS


@dataclass(frozen=True, slots=True)
class ImportedRun:
    """Where an imported run was stored; `key` is its internal key."""

    key: int
    domain_name: str
    run_number: int
    log_entries: int


def refuse_present(run: ExportedRun) -> None:
    """Raise Conflict (`run_exists`) when a run with this id already exists in any domain."""
    present = TrainingRun.objects.select_related("domain").filter(public_id=run.public_id).first()
    if present is not None:
        raise Conflict(f"The run {run.public_id} already exists: it is {present}.", code="run_exists")


def reserve_run_id() -> int:
    """Reserve the internal key of a run that is stored later. Log entries may refer to it before the run exists."""
    with connection.cursor() as cursor:
        # Raw SQL: the ORM takes a key from the sequence only when it inserts a row.
        cursor.execute("SELECT nextval(pg_get_serial_sequence('training_status_trainingrun', 'id'))")
        return int(cursor.fetchone()[0])


def store_entries(run_id: int, entries: list[Entry]) -> None:
    """Store log entries for a reserved key, in the transaction that will end with `store_run`."""
    with connection.cursor() as cursor:
        insert_entries(cursor, run_id, entries)


def store_run(
    run_id: int,
    header: Header,
    *,
    domain_name: str | None = None,
    origin: Mapping[str, Any] | None = None,
    best: Mapping[str, Any] | None = None,
    usage: Mapping[str, Any] | None = None,
) -> ImportedRun:
    """Store the run itself, after its log entries, and record the import.

    The run is stored in its original domain, which is created if it does not exist, or in `domain_name`, which must
    exist. It keeps its number in its original domain and gets the next number in another. A run of another system, of
    which `origin` is recorded, has no number yet and gets the next one. `best` and `usage` are what its findings add up
    to. Call this at the end of the transaction, since it locks the domain. Raises Conflict for an id or a number that
    is taken, InvalidInput for fields that contradict each other, and NotFound for an unknown `domain_name`.
    """
    run = header.run
    domain = _lock_or_create(header.domain) if domain_name is None else lock_domain(domain_name, only_domain_id=None)
    refuse_present(run)  # again: another import of the same run may have finished while this one waited
    number = _number_for(header, domain) if origin is None else domain.last_run_number + 1
    domain.last_run_number = max(domain.last_run_number, number)
    domain.save(update_fields=["last_run_number"])
    facts: dict[str, Any] = structs.asdict(run) | {"run_number": number, "best": best or {}, "usage": usage or {}}
    try:
        TrainingRun(id=run_id, domain=domain, **facts).save(force_insert=True)
        PhaseTiming.objects.bulk_create(
            PhaseTiming(run_id=run_id, **structs.asdict(timing)) for timing in header.phase_timings
        )
        ForecastMark.objects.bulk_create(
            ForecastMark(run_id=run_id, **structs.asdict(mark)) for mark in header.forecast_marks
        )
        UsageForecastMark.objects.bulk_create(
            UsageForecastMark(run_id=run_id, **structs.asdict(mark)) for mark in header.usage_forecast_marks
        )
    except IntegrityError as error:
        raise _as_sentence(error, run) from error
    exported_from = origin or {"domain": header.domain.name, "run_number": run.run_number}
    record_run_action("imported", run_id, exported_from=exported_from)
    notify_on_commit(domain.id, run_id)
    return ImportedRun(run_id, domain.name, number, run.last_seq - run.first_seq + 1)


def _lock_or_create(exported: ExportedDomain) -> Domain:
    try:
        return lock_domain(exported.name, only_domain_id=None)
    except NotFound:
        new = NewDomain(
            name=exported.name,
            description=exported.description,
            llm_model=exported.llm_model,
            higher_is_better=exported.higher_is_better,
            cost_limit=exported.cost_limit,
            currency=exported.currency,
            tokens_limit=exported.tokens_limit,
        )
        with suppress(Conflict):  # created by another transaction meanwhile: its settings are kept
            create_domain(new, limits={name: getattr(exported, name) for name in LIMITS})
        return lock_domain(exported.name, only_domain_id=None)


def _number_for(header: Header, domain: Domain) -> int:
    """Return the number for the run; the caller holds the domain's lock. Raises Conflict (`run_number_taken`)."""
    if domain.name != header.domain.name:
        return domain.last_run_number + 1
    number = header.run.run_number
    if TrainingRun.objects.filter(domain=domain, run_number=number).exists():
        raise Conflict(
            f"Domain '{domain.name}' already has another run {number}. Use --domain to import into another domain, "
            "where the run gets the next number.",
            code="run_number_taken",
        )
    return number


def _as_sentence(error: IntegrityError, run: ExportedRun) -> Conflict | InvalidInput:
    """Convert a violated constraint: an id that was taken meanwhile, or fields that contradict each other."""
    diagnosis = getattr(error.__cause__, "diag", None)
    constraint = getattr(diagnosis, "constraint_name", None) or ""
    if "public_id" in constraint:
        return Conflict(f"The run {run.public_id} already exists.", code="run_exists")
    return InvalidInput(f"the fields of the run contradict each other ({constraint.replace('_', ' ')})")
