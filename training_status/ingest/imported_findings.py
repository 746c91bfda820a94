"""Storing what the optimiser of an imported run found and used, for a run that is stored at the end."""

from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from msgspec import structs

from training_status.errors import InvalidInput
from training_status.ingest.exported_findings import (
    ExportedCandidate,
    ExportedEvaluation,
    ExportedFinding,
    ExportedModelUsage,
    candidate_of,
    evaluation_of,
)
from training_status.ingest.exported_run import ExportedRun
from training_status.ingest.optimizer_store import add_sums, insert_candidates, insert_evaluations
from training_status.ingest.run_state_machine import best_with
from training_status.ingest.usage_totals import with_sums


@dataclass(slots=True)
class ImportedFindings:
    """Counts and stores the findings of the reserved key `run_id`; `best` and `usage` are what the run's row has."""

    run_id: int
    candidates: int = 0
    evaluations: int = 0
    model_usage: int = 0
    best: dict[str, Any] = field(default_factory=dict)
    usage: dict[str, Any] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """The number of findings stored so far."""
        return self.candidates + self.evaluations + self.model_usage

    def store(self, finding: ExportedFinding) -> None:
        """Store one finding. Raises InvalidInput for a number that is not the next one."""
        with connection.cursor() as cursor:
            match finding:
                case ExportedCandidate():
                    self.candidates += 1
                    _expect(finding, "candidate", self.candidates)
                    insert_candidates(cursor, self.run_id, [candidate_of(finding)])
                case ExportedEvaluation():
                    self.evaluations += 1
                    _expect(finding, "evaluation", self.evaluations)
                    new = evaluation_of(finding)
                    self.best = best_with(self.best, new.event, new.reported_at)
                    insert_evaluations(cursor, self.run_id, [new])
                case ExportedModelUsage():
                    self.model_usage += 1
                    sums = structs.asdict(finding)
                    add_sums(cursor, self.run_id, sums)
                    self.usage = with_sums(self.usage, sums)

    def check(self, run: ExportedRun) -> None:
        """Raise InvalidInput unless the run has so many candidates and evaluations."""
        for name, stored in (("candidate", self.candidates), ("evaluation", self.evaluations)):
            expected = getattr(run, f"{name}_count")
            if stored != expected:
                raise InvalidInput(f"the run has {expected} {name}s, but {stored} are in the file")


def _expect(finding: ExportedCandidate | ExportedEvaluation, kind: str, number: int) -> None:
    if finding.number != number:
        raise InvalidInput(f"expected the {kind} with number {number}, got {finding.number}")
