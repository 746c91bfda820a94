"""A training in a process of its own, which a test tells what to report."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.project import PROJECT
from tests.support.running_service import Service

NEW_TRACKER = "import os, sys\nfrom aegis_tracker import TrainingProgressTracker, phases\n"
NEW_TRACKER += "tracker = TrainingProgressTracker(sys.argv[1])\nprint(tracker.run_id, flush=True)\n"
ON_DEMAND = """
number = 0
for line in sys.stdin:
    for _ in range(int(line)):
        tracker.log("INFO", str(number))
        number += 1
    print(number, flush=True)
tracker.complete({"entries": number})
"""


@contextmanager
def training(
    service: Service, token: str, spool: Path | str, domain: str, program: str, **environment: str
) -> Iterator[subprocess.Popen[str]]:
    """A training in a process of its own. It has a `tracker`, and prints the run's id first."""
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore:This process:DeprecationWarning", "-c", NEW_TRACKER + program, domain],
        env={
            **os.environ,
            "AEGIS_URL": service.url,
            "AEGIS_TOKEN": token,
            "AEGIS_SPOOL_DIR": str(spool),
        }
        | environment,
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def run_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().strip()


def say(process: subprocess.Popen[str], entries: int) -> int:
    """Let the training log so many entries; how many it has logged in all."""
    assert process.stdin
    assert process.stdout
    process.stdin.write(f"{entries}\n")
    process.stdin.flush()
    return int(process.stdout.readline())
