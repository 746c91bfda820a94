"""Exports of Neo4j with domains and training runs, as APOC writes them. `python -m tests.support.neo4j_exports RUNS
MESSAGES` writes a large one to stdout.
"""

import json
import sys
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

START = datetime(2025, 12, 1, 10, tzinfo=UTC)
RUN_IDS = uuid.UUID("8a3c0f6e-0000-4000-8000-000000000000")
# The steps of a training as the system before called them, and the percentage at which each began.
STEPS = (
    ("initializing", 0),
    ("loading_data", 5),
    ("entity_optimization", 10),
    ("relation_optimization", 45),
    ("prompt_extraction", 80),
    ("validation", 85),
    ("saving", 95),
)


def java_time(at: datetime) -> str:
    """A time as Java writes it: without seconds that are zero."""
    return at.strftime("%Y-%m-%dT%H:%MZ" if at.second == at.microsecond == 0 else "%Y-%m-%dT%H:%M:%S.%f000Z")


def domain_node(node_id: int | str, name: Any, **properties: Any) -> dict[str, Any]:
    """A domain, with what its node usually has."""
    usual = {
        "id": str(uuid.uuid5(RUN_IDS, f"domain {node_id}")),
        "name": name,
        "description": f"Everything about {name}, in a few words.",
        "llm_model": "qwen3:32b",
        "status": "ready",
        "created_at": java_time(START - timedelta(days=1)),
        "description_embedding": [0.25, -0.5],
    }
    return {"type": "node", "id": str(node_id), "labels": ["Domain"], "properties": usual | properties}


def log_node(node_id: int | str, messages: Any = (), **properties: Any) -> dict[str, Any]:
    """A completed run. `messages` is a list, or anything else that stands there instead of its JSON."""
    usual = {
        "id": run_id(node_id),
        "started_at": java_time(START),
        "completed_at": java_time(START + timedelta(hours=1)),
        "status": "completed",
        "current_step": "Training completed successfully",
        "progress_percent": 100.0,
        "log_messages": json.dumps(list(messages)) if isinstance(messages, list | tuple) else messages,
        "metrics": json.dumps({"entity_f1": 0.87, "training_samples": 120}),
    }
    return {"type": "node", "id": str(node_id), "labels": ["TrainingLog"], "properties": usual | properties}


def has_log(domain: int | str, log: int | str) -> dict[str, Any]:
    """The relationship between the two."""
    return {
        "type": "relationship",
        "id": f"r{log}",
        "label": "HAS_TRAINING_LOG",
        "start": {"id": str(domain), "labels": ["Domain"]},
        "end": {"id": str(log), "labels": ["TrainingLog"]},
    }


def run_id(node_id: int | str) -> str:
    """The id of the run of this node."""
    return str(uuid.uuid5(RUN_IDS, str(node_id)))


def message(minute: float, text: str, **others: Any) -> dict[str, Any]:
    """A message, some minutes after the usual start."""
    at = START + timedelta(minutes=minute)
    return {"timestamp": at.replace(tzinfo=None).isoformat(), "level": "INFO", "message": text, **others}


def training(count: int = 60, *, start_minute: float = 0.0) -> Iterator[dict[str, Any]]:
    """The messages of a whole training of an hour: each step has a seventh of them and of the time."""
    for place in range(count):
        step, part = divmod(place * len(STEPS), count)
        name, begins = STEPS[step]
        ends = STEPS[step + 1][1] if step + 1 < len(STEPS) else 100
        progress = begins + (ends - begins) * part / count
        text = f"Trial {place} of {count}: F1 0.{place % 90 + 10}"
        yield message(start_minute + 60 * place / count, text, step=name, progress=progress, metrics={"f1": 0.5})


def lines(*parts: dict[str, Any]) -> bytes:
    """A file of them."""
    return b"".join(json.dumps(part).encode() + b"\n" for part in parts)


def large_export(runs: int, messages: int, *, domains: int = 10) -> Iterator[bytes]:
    """The lines of an export with so many runs in all and messages in each run, which start one hour after another."""
    yield from (lines(domain_node(f"d{number}", f"domain_{number}")) for number in range(domains))
    for number in range(runs):
        start = 60.0 * number
        started_at = START + timedelta(minutes=start - 60.0 * runs)
        texts = training(messages, start_minute=start - 60.0 * runs)
        times = {"started_at": java_time(started_at), "completed_at": java_time(started_at + timedelta(hours=1))}
        yield lines(log_node(f"t{number}", list(texts), **times))
    yield from (lines(has_log(f"d{number % domains}", f"t{number}")) for number in range(runs))


if __name__ == "__main__":
    sys.stdout.buffer.writelines(large_export(*map(int, sys.argv[1:])))
