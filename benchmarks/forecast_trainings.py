"""How far off the service's own forecast is over real trainings: the example's, run again and again.

Six runs with each optimiser, with seeds of their own, in a domain of their own. While they run, the status is asked
for four times a second; when they have ended, what it said from 2 % to 95 % of their time is compared with the end.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent))

from dspy_training import EXAMPLE_PYTHON, PROJECT, Service
from table import report

OPTIMIZERS = ("bootstrap", "miprov2", "gepa")
RUNS = 6
PACE_S = "0.05"
EVERY_S = 0.25
ERROR_MAX = 10.0


class Said(NamedTuple):
    """What a status said at a moment: when the run would be completed."""

    at: float
    linear: float
    forecast: float
    low: float
    high: float


def main() -> None:
    """The table: each optimiser's runs in their order."""
    rows = []
    with tempfile.TemporaryDirectory() as data_dir:
        service = Service(data_dir)
        service.start()
        try:
            for optimizer in OPTIMIZERS:
                domain = f"medical_{optimizer}"
                ask(service, "domains", {"name": domain, "description": "The example's domain, once more."})
                for number in range(1, RUNS + 1):
                    rows.append((optimizer, number, *follow(service, domain, optimizer, number, data_dir)))
        finally:
            service.kill()
    known = [row for row in rows if row[1] > 3]
    ratios = [float(str(row[5])) for row in known]
    verdict = f"With three or more earlier runs, of linear's error: {statistics.mean(ratios):.2f} on average"
    head = ("optimiser", "run", "seconds", "forecast", "linear", "of linear", "in range", "method")
    report("forecast_trainings", "Error of the time left over real trainings, in percent of it", head, rows, verdict)


def follow(service: Service, domain: str, optimizer: str, number: int, out: str) -> tuple[str, ...]:
    """Run one training to its end: its row."""
    command = [
        str(EXAMPLE_PYTHON), "examples/domain_training/train.py", "--domain", domain, "--optimizer", optimizer,
        "--data", "examples/domain_training/data/medical", "--pace", PACE_S, "--seed", str(number), "--out", out,
    ]  # fmt: skip
    environment = {**os.environ, "AEGIS_URL": service.url, "AEGIS_TOKEN": service.token}
    said: list[Said] = []
    method = ""
    with subprocess.Popen(
        command, cwd=PROJECT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as training:
        while training.poll() is None:
            time.sleep(EVERY_S)
            status = latest(service, domain, number)
            if status and status["forecast"]:
                method = status["forecast"]["method"]
                told = (status["forecast"][name] for name in ("completion", "low", "high"))
                said.append(Said(time.time(), *map(moment, (status["estimated_completion"], *told))))
    status = latest(service, domain, number)
    if training.returncode or not status or status["status"] != "completed":
        raise SystemExit(f"The training of {domain} ended with {training.returncode}.")
    return row(said, moment(status["started_at"]), moment(status["completed_at"]), method)


def row(said: list[Said], begun: float, ended: float, method: str) -> tuple[str, ...]:
    """Seconds, errors and coverage."""
    counted = [one for one in said if 0.02 <= (one.at - begun) / (ended - begun) <= 0.95]
    error, linear = (
        statistics.mean(min(ERROR_MAX, abs((told - one.at) / (ended - one.at) - 1)) for one, told in pairs)
        for pairs in ([(one, one.forecast) for one in counted], [(one, one.linear) for one in counted])
    )
    covered = statistics.mean(one.low <= ended <= one.high for one in counted)
    return (
        f"{ended - begun:.1f}", f"{error:.0%}", f"{linear:.0%}", f"{error / linear:.2f}", f"{covered:.0%}", method
    )  # fmt: skip


def latest(service: Service, domain: str, number: int) -> dict[str, Any] | None:
    """The status, once the run is there."""
    runs = ask(service, f"domains/{domain}/training-history")["training_runs"]
    if len(runs) < number or runs[-1]["started_at"] is None:
        return None
    status: dict[str, Any] = ask(service, f"domains/{domain}/training-status")
    return status


def ask(service: Service, path: str, body: dict[str, str] | None = None) -> Any:
    """What the service answers."""
    request = urllib.request.Request(
        f"{service.url}/api/v1/admin/{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {service.token}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def moment(text: str) -> float:
    """Seconds since 1970."""
    return datetime.fromisoformat(text).timestamp()


if __name__ == "__main__":
    main()
