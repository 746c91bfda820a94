"""The second pass over an export: storing its domains and runs, each run in a transaction of its own."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import IO, Any, Final

import msgspec
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from training_status.errors import Conflict, InvalidInput
from training_status.ingest.domains import create_domain
from training_status.ingest.export_lines import read_header
from training_status.ingest.exported_run import FORMAT, VERSION, Header
from training_status.ingest.imported_run import reserve_run_id, store_entries, store_run
from training_status.ingest.request_schemas import NewDomain
from training_status.ingest.run_state_machine import Entry
from training_status.models import Domain, TrainingRun
from training_status.operations.neo4j_import.apoc_lines import DomainProperties, LogFacts, LogProperties, properties_of
from training_status.operations.neo4j_import.catalog import FoundDomain, FoundLog, node_at
from training_status.operations.neo4j_import.domain_of_node import domain_of_node, result_of_run
from training_status.operations.neo4j_import.log_entries import LogReader
from training_status.operations.neo4j_import.log_messages import split_messages
from training_status.operations.neo4j_import.notes import Notes
from training_status.operations.neo4j_import.report import DomainTaken, Refused, Report, RunPresent, RunTaken
from training_status.operations.neo4j_import.run_of_log import run_of_log
from training_status.run_states import LOST

_ENTRIES_PER_INSERT: Final = 1000
_INSERT_MAX_CHARACTERS: Final = 2 * 1024 * 1024


def import_domains(
    file: IO[bytes],
    domains: Sequence[FoundDomain],
    *,
    dry_run: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Iterator[Report]:
    """Store domains of a catalog with their runs, and yield what happens to each.

    The runs of a domain are stored, and so numbered, in the order of their start, whatever their order in the file: an
    import that is repeated after it was ended goes on where it was. A dry run yields the same and stores nothing.
    `progress` is called with the bytes done and their total.
    """
    now = timezone.now()
    total = sum(log.place.length for domain in domains for log in domain.logs)
    done = 0

    def progress_of_run(part: float) -> None:
        progress(done + int(part * log.place.length), total)

    for found in domains:
        importer = _DomainImport(file, found, now, dry_run=dry_run)
        yield importer.create()
        for log in found.logs:
            yield importer.run(log, progress_of_run)
            done += log.place.length
            progress(done, total)


class _DomainImport:
    """The import of one domain."""

    def __init__(self, file: IO[bytes], found: FoundDomain, now: datetime, *, dry_run: bool) -> None:
        self._file = file
        self._now = now
        self._dry_run = dry_run
        self._notes = Notes()
        self._properties = properties_of(node_at(file, found.place), DomainProperties)
        self._exported = domain_of_node(self._properties, found.name, self._notes)
        self._is_new = True
        self._next_number = 1  # in a dry run

    def create(self) -> DomainTaken:
        """Create the domain, unless it exists: then it stays as it is."""
        name = self._exported.name
        present = Domain.objects.filter(name=name).first()
        if present is None and not self._dry_run:
            try:
                create_domain(
                    NewDomain(name=name, description=self._exported.description, llm_model=self._exported.llm_model)
                )
            except Conflict:
                present = Domain.objects.get(name=name)  # created by somebody else meanwhile
        if present is not None:
            self._is_new = False
            self._next_number = present.last_run_number + 1
        return DomainTaken(name, present is None, [] if present else self._notes.lines(), _kept(present))

    def run(self, log: FoundLog, on_part: Callable[[float], None]) -> Report:
        """Store a run. It is visible as a whole or not at all."""
        present = self._present(log)
        if present is not None:
            return present
        try:
            return self._store(log, on_part)
        except Conflict as error:
            return self._present(log) or Refused(log.name, error.detail)  # stored by another import meanwhile
        except InvalidInput as error:
            return Refused(log.name, error.detail.replace("The body", "it", 1))

    def _present(self, log: FoundLog) -> RunPresent | None:
        run = TrainingRun.objects.select_related("domain").filter(public_id=log.public_id).first()
        if run is None:
            return None
        is_outdated = run.failure_reason == LOST and not run.end_reported and log.is_finished
        return RunPresent(log.public_id, str(run), is_outdated)

    def _has_later_runs(self, log: FoundLog) -> bool:
        runs = TrainingRun.objects.filter(domain__name=self._exported.name, started_at__gt=log.started_at)
        return not self._is_new and runs.exists()

    def _store(self, log: FoundLog, on_part: Callable[[float], None]) -> RunTaken:
        notes = Notes()
        for note in log.notes:
            notes.say(note)
        if self._has_later_runs(log):
            notes.say("It started before runs of the domain that were there already, and has a higher number")
        facts, messages = self._read(log, notes)
        reader = LogReader(messages, started_at=log.started_at, now=self._now, notes=notes)
        with self._transaction():
            run_id = None if self._dry_run else reserve_run_id()
            stored = 0
            for batch in _batches(reader.entries()):
                if run_id is not None:
                    store_entries(run_id, batch)
                stored += len(batch)
                on_part(stored / len(messages))
            header = self._header(facts, reader, log, notes)
            if run_id is None:
                number = self._next_number
                self._next_number += 1
            else:
                origin = {"system": "AegisRAG", "node": log.place.node_id}
                number = store_run(run_id, header, origin=origin).run_number
        return RunTaken(number, log.public_id, log.started_at, stored, notes.lines())

    def _read(self, log: FoundLog, notes: Notes) -> tuple[LogFacts, list[Any]]:
        properties = properties_of(node_at(self._file, log.place), LogProperties)
        messages = split_messages(properties.log_messages, notes)
        properties.log_messages = None  # the text is not needed any more
        return properties, messages

    def _header(self, facts: LogFacts, reader: LogReader, log: FoundLog, notes: Notes) -> Header:
        """The run as the first line of a file of a run has it, checked like one."""
        run, timings = run_of_log(
            facts,
            reader,
            public_id=log.public_id,
            llm_model=self._exported.llm_model,
            started_at=log.started_at,
            now=self._now,
            notes=notes,
        )
        if run.failure_reason is None and run.ended_at is not None:
            run.result = result_of_run(self._properties, log.started_at, run.ended_at, self._now, notes)
        header = Header(
            format=FORMAT,
            version=VERSION,
            domain=self._exported,
            run=run,
            phase_timings=timings,
            forecast_marks=[],
        )
        return read_header(msgspec.json.encode(header))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        if self._dry_run:
            yield
            return
        with transaction.atomic():
            yield


def _batches(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    batch: list[Entry] = []
    characters = 0
    for entry in entries:
        batch.append(entry)
        characters += len(entry.message)
        if len(batch) == _ENTRIES_PER_INSERT or characters > _INSERT_MAX_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def _kept(domain: Domain | None) -> str | None:
    """Which logs of the domain are kept, if not all."""
    runs = (domain and domain.kept_runs) or settings.KEPT_RUNS
    days = (domain and domain.kept_days) or settings.KEPT_DAYS
    limits = [f"its newest {runs} runs"] if runs else []
    limits += [f"runs that ended in the last {days:g} days"] if days else []
    return " that are ".join(limits) or None
