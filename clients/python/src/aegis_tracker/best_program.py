"""`aegis-tracker best-program DOMAIN`: the best program of a training so far, in a file that DSPy can load."""

import json
import sys
from pathlib import Path
from typing import Any

from aegis_tracker.client import Client
from aegis_tracker.spool_files import replace
from aegis_tracker.visible_text import one_line


def save_best_program(client: Client, domain: str, *, run: int | None, metric: str | None, output: Path | None) -> str:
    """Write the best program to `output`, as a whole or not at all, or to standard output. Returns what it is.

    Of the latest run, or of the run with the number `run`. Raises ServiceError, UnreachableError and OSError.
    """
    status = client.status(domain, run=run)
    run_id = status["training_run_id"]
    program = client.best_program(run_id, metric=metric)
    best = next((one for one in client.candidates(run_id, metric=metric) if one["has_program"]), None)
    content = json.dumps(program, ensure_ascii=False, indent=2) + "\n"
    if output is None:
        sys.stdout.write(content)
    else:
        replace(output, content.encode())
    return f"Run {status['run_number']} of {domain} ({status['status']}){_named(best)}"


def _named(candidate: Any) -> str:
    if candidate is None:
        return ""
    if candidate["score"] is None:
        return one_line(f": candidate {candidate['candidate']}, which was not evaluated")
    score = f"{candidate['metric']} {candidate['score']:.4g} on {candidate['example_count']} examples"
    return one_line(f": candidate {candidate['candidate']}, {score} ({candidate['split']})")
