"""Importing an exported run, exactly as it was, as a whole or not at all."""

from collections import Counter
from collections.abc import Callable
from typing import IO, Final, TypeVar

from django.db import transaction

from training_status.errors import InvalidInput, NotFound
from training_status.ingest.export_lines import is_trailer, read_entry, read_header, read_trailer
from training_status.ingest.exported_findings import is_finding, read_finding
from training_status.ingest.exported_run import ExportedRun
from training_status.ingest.imported_findings import ImportedFindings
from training_status.ingest.imported_run import ImportedRun, refuse_present, reserve_run_id, store_entries, store_run
from training_status.ingest.run_state_machine import Entry
from training_status.log_levels import LEVEL_NUMBERS
from training_status.read.domains import domain_exists

T = TypeVar("T")

# Large numbers and control characters take more bytes in an export than in the reporter's request.
_HEADER_MAX_BYTES: Final = 128 * 1024 * 1024
_LINE_MAX_BYTES: Final = 8 * 1024 * 1024
_ENTRIES_PER_INSERT: Final = 1000
_INSERT_MAX_BYTES: Final = 4 * 1024 * 1024


@transaction.atomic
def import_run(
    file: IO[bytes],
    *,
    domain_name: str | None = None,
    progress: Callable[[int, int], None] = lambda stored, total: None,
) -> ImportedRun:
    """Store the run in `file`, as `export_run` wrote it, in one transaction. It becomes visible at the end.

    See `store_run` for the domain and number that the run gets, and for Conflict and NotFound. Raises InvalidInput,
    with the number of the line, for a file that is incomplete or has an invalid value. `progress` is called with the
    number of stored log entries and their total.
    """
    lines = _Lines(file)
    header = lines.read(_HEADER_MAX_BYTES, read_header)
    refuse_present(header.run)
    if domain_name is not None and not domain_exists(domain_name):
        raise NotFound(f"There is no domain '{domain_name}'.", code="domain_not_found")
    run_id = reserve_run_id()
    counts = Counter[int]()
    batch: list[Entry] = []
    batch_bytes = 0
    while not is_trailer(raw := lines.next(_LINE_MAX_BYTES)) and not is_finding(raw):
        entry = lines.checked(raw, read_entry)
        due = header.run.first_seq + counts.total()
        if entry.seq != due:
            raise lines.invalid(f"expected the entry with seq {due}, got {entry.seq}")
        counts[entry.level] += 1
        batch.append(entry)
        batch_bytes += len(raw)
        if len(batch) == _ENTRIES_PER_INSERT or batch_bytes > _INSERT_MAX_BYTES:
            store_entries(run_id, batch)
            progress(counts.total(), header.run.last_seq - header.run.first_seq + 1)
            batch, batch_bytes = [], 0
    store_entries(run_id, batch)
    findings = ImportedFindings(run_id)
    while not is_trailer(raw):
        lines.checked(raw, lambda line: findings.store(read_finding(line)))
        raw = lines.next(_LINE_MAX_BYTES)
    trailer = lines.checked(raw, read_trailer)
    if trailer.entries != counts.total() or counts != _counts_of(header.run):
        raise lines.invalid("the entries do not match the counts in the header and in this last line")
    if trailer.findings != findings.count:
        raise lines.invalid(f"the file should have {trailer.findings} findings, but has {findings.count}")
    if file.read(1):
        raise lines.invalid("this should be the last line, but the file continues")
    try:
        findings.check(header.run)
        return store_run(run_id, header, domain_name=domain_name, best=findings.best, usage=findings.usage)
    except InvalidInput as error:
        raise _at_line(1, error.detail) from error


def _counts_of(run: ExportedRun) -> Counter[int]:
    """Return the number of entries of each level by the counts of the run."""
    return Counter({number: getattr(run, f"{name.lower()}_count") for name, number in LEVEL_NUMBERS.items()})


class _Lines:
    """The lines of a file, one in memory at a time, with the number of the line that was read last."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._number = 0

    def next(self, max_bytes: int) -> bytes:
        """Return the next line. Raises InvalidInput at the end of the file, and for a line that is too long."""
        self._number += 1
        raw = self._file.readline(max_bytes + 1)
        if not raw:
            raise self.invalid("the file ends before its trailer: it is incomplete")
        if len(raw) > max_bytes:
            raise self.invalid(f"it has more than {max_bytes} bytes")
        return raw

    def read(self, max_bytes: int, read: Callable[[bytes], T]) -> T:
        """Read the next line and parse it."""
        return self.checked(self.next(max_bytes), read)

    def checked(self, raw: bytes, read: Callable[[bytes], T]) -> T:
        """Parse the line that was read last. Raises InvalidInput with the number of the line."""
        try:
            return read(raw)
        except InvalidInput as error:
            raise self.invalid(error.detail) from error

    def invalid(self, detail: str) -> InvalidInput:
        """Return an error about the line that was read last."""
        return _at_line(self._number, detail)


def _at_line(number: int, detail: str) -> InvalidInput:
    """Return the error with the number of its line, which replaces the words about a request's body."""
    return InvalidInput(f"Line {number}: {detail.replace('The body', 'it', 1)}", field=f"line {number}")
