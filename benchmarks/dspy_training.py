"""How much longer a DSPy training takes with the tracker: service up, down, and killed half way.

Whole optimisations in processes of their own, the four ways in turn, medians of the ratios. The wait for
the record at a process's end (up to 10 s, when nobody takes it) is after the training and not counted.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from table import report

PROJECT = Path(__file__).resolve().parents[1]
EXAMPLE_PYTHON = PROJECT / "examples" / "domain_training" / ".venv" / "bin" / "python"
OPTIMIZERS = ("bootstrap", "random_search", "miprov2", "miprov2_minibatches", "gepa", "simba", "copro")
NOBODY = "http://127.0.0.1:9"
ROUNDS = 3


class Service:
    """The real service with a database of its own."""

    def __init__(self, data_dir: str) -> None:
        self._environment = {**os.environ, "AEGIS_DATA_DIR": data_dir, "PORT": "8765"}
        self._environment.pop("DATABASE_URL", None)
        self._process: subprocess.Popen[str] | None = None
        self.url = "http://127.0.0.1:8765"
        self.token = ""

    def start(self) -> None:
        """Return when it can be reached."""
        command = [sys.executable, "manage.py", "serve"]
        self._process = subprocess.Popen(command, cwd=PROJECT, env=self._environment, stdout=subprocess.PIPE, text=True)
        for line in self._process.stdout or ():
            if "Aegis Training Status is at" in line:
                break
        if not self.token:
            arguments = [sys.executable, "manage.py", "create_token", "benchmark", "--role", "operator"]
            made = subprocess.check_output(arguments, cwd=PROJECT, env=self._environment, text=True)
            self.token = made.strip()

    def kill(self) -> None:
        """SIGKILL."""
        if self._process:
            self._process.kill()
            self._process.wait()
            if self._process.stdout:
                self._process.stdout.close()


def train(optimizer: str, how: str, url: str, token: str, when_half: threading.Timer | None = None) -> float:
    """The seconds that an optimisation took."""
    environment = {**os.environ, "AEGIS_URL": url, "AEGIS_TOKEN": token}
    command: Sequence[str] = [str(EXAMPLE_PYTHON), "benchmarks/dspy_optimization.py", optimizer, how]
    with subprocess.Popen(
        command, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as training:
        said = ""
        for line in training.stdout or ():
            if line.startswith("begins") and when_half:
                when_half.start()
            said = line
        training.wait()
    return float(said)


def main() -> None:
    """All optimisers, all ways."""
    rows = []
    with tempfile.TemporaryDirectory() as data_dir:
        service = Service(data_dir)
        service.start()
        create_domain(service)
        for optimizer in OPTIMIZERS:
            plain: list[float] = []
            ratios: dict[str, list[float]] = {"up": [], "down": [], "dying": []}
            for _ in range(ROUNDS):
                alone = train(optimizer, "plain", NOBODY, "none")
                plain.append(alone)
                ratios["up"].append(train(optimizer, "tracked", service.url, service.token) / alone)
                ratios["down"].append(train(optimizer, "tracked", NOBODY, service.token) / alone)
                half = threading.Timer(alone / 2, service.kill)
                ratios["dying"].append(train(optimizer, "tracked", service.url, service.token, half) / alone)
                half.join()
                service.start()
            medians = [f"{statistics.median(ratios[way]):.3f}" for way in ("up", "down", "dying")]
            rows.append((optimizer, f"{statistics.median(plain):.2f}", *medians))
        service.kill()
    head = ("optimiser", "seconds without", "up", "down", "killed half way")
    report("dspy_training", "A DSPy training with the tracker, times as long (50 ms a model call)", head, rows)


def create_domain(service: Service) -> None:
    """The domain that the trainings report to."""
    import json
    import urllib.request

    request = urllib.request.Request(
        f"{service.url}/api/v1/admin/domains",
        data=json.dumps({"name": "medical", "description": "The example's domain."}).encode(),
        headers={"Authorization": f"Bearer {service.token}", "Content-Type": "application/json"},
    )
    urllib.request.urlopen(request, timeout=10).close()


if __name__ == "__main__":
    main()
