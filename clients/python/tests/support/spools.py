"""What a spool holds, read without the tracker."""

import json
from pathlib import Path
from typing import Any


def records(path: Path) -> list[dict[str, Any]]:
    """The records of a spool of one file but for its owner.

    A process that is killed in the middle of a write leaves a part of a line. Its report was not acknowledged.
    """
    whole, _, _ = path.read_bytes().rpartition(b"\n")
    return [record for record in map(json.loads, whole.splitlines()) if record["type"] != "owner"]


def messages(path: Path) -> list[str]:
    """The texts of its log entries."""
    return [record["message"] for record in records(path) if record["type"] == "log"]
