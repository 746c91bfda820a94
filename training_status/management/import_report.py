"""The report of `import_neo4j` as text."""

from collections import Counter
from collections.abc import Iterator

from training_status.number_text import number_text
from training_status.operations.neo4j_import.report import (
    DomainTaken,
    Refused,
    Report,
    RunPresent,
    RunTaken,
    Skipped,
)
from training_status.serializers.times import utc_text
from training_status.visible_text import one_line


class ImportReport:
    """Turns what an import tells into lines, and counts it."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def lines(self, report: Report) -> Iterator[str]:
        """The lines about this report."""
        match report:
            case Refused(name, reason):
                self.counts["refused"] += 1
                yield f"  REFUSED {one_line(name)}: {one_line(reason)}."
            case Skipped(name, reason):
                yield f"  Skipped {one_line(name)}: {one_line(reason)}."
            case DomainTaken():
                self.counts["domains"] += report.is_new
                yield f"Domain {report.name}: {'created' if report.is_new else 'already there; it stays as it is'}"
                yield from _noted(report.notes)
                if report.keeps is not None:
                    yield (
                        f"    - Retention keeps only the logs of {report.keeps}: others are removed within about a "
                        "minute. To keep them, raise kept_runs and kept_days of the domain before the import."
                    )
            case RunTaken():
                self.counts["taken"] += 1
                self.counts["changed"] += bool(report.notes)
                self.counts["entries"] += report.entries
                changes = ", with changes:" if report.notes else ""
                yield (
                    f"  Run {report.run_number}, started {utc_text(report.started_at)}, {report.public_id}: taken with "
                    f"{number_text(report.entries)} log entries{changes}"
                )
                yield from _noted(report.notes)
            case RunPresent():
                self.counts["present"] += 1
                yield f"  Run {report.public_id}: already there, as {report.name}"
                if report.is_outdated:
                    yield (
                        "    - It was imported before it ended, and so as lost; the file has its end. To take that, "
                        "delete the run here and import the file again."
                    )

    def totals(self, *, dry_run: bool) -> str:
        """The last line."""
        counts = {
            name: number_text(self.counts[name]) for name in ("taken", "changed", "present", "refused", "entries")
        }
        text = (
            "Runs taken: {taken}, of which with changes: {changed}; log entries: {entries}; already there: {present}; "
            "refused: {refused}."
        ).format(**counts)
        return f"{text} This was a dry run: nothing was stored." if dry_run else text


def _noted(notes: list[str]) -> Iterator[str]:
    for note in notes:
        yield f"    - {one_line(note)}."
