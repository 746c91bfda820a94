"""Importing an export of Neo4j, and what is in the database afterwards."""

import io
from typing import Any

from training_status.models import AuditEntry, Domain, PhaseTiming, TrainingLogEntry, TrainingRun
from training_status.operations.neo4j_import.catalog import read_catalog
from training_status.operations.neo4j_import.importer import import_domains
from training_status.operations.neo4j_import.report import Report


def imported(export: bytes, **options: Any) -> list[Report]:
    """Import it, and return what was told."""
    file = io.BytesIO(export)
    catalog = read_catalog(file)
    return [*catalog.problems, *import_domains(file, catalog.domains, **options)]


def stored() -> dict[str, list[Any]]:
    """All that an import can store."""
    return {
        model.__name__: list(model.objects.order_by(*order).values())
        for model, order in (
            (Domain, ("id",)),
            (TrainingRun, ("id",)),
            (PhaseTiming, ("id",)),
            (TrainingLogEntry, ("run_id", "seq")),
            (AuditEntry, ("id",)),
        )
    }
