"""Runs that are taken out and put back."""

import io
import json
from typing import Any

from training_status.models import TrainingRun
from training_status.operations.run_export import export_run
from training_status.operations.run_import import import_run


def export(run: TrainingRun) -> bytes:
    """All of its export."""
    return b"".join(export_run(run.public_id))


def lines_of(exported: bytes) -> list[dict[str, Any]]:
    """Header, entries and trailer."""
    return [json.loads(line) for line in exported.splitlines()]


def joined(lines: list[dict[str, Any]]) -> bytes:
    """The lines as a file."""
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def put_back(exported: bytes, **options: Any) -> Any:
    """Import it."""
    return import_run(io.BytesIO(exported), **options)
