"""The Python tracker against the real service: a training as its user writes it, in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.support.answers import ok
from tests.support.project import PROJECT
from tests.support.running_service import Service

TRAINING = """
import os, sys
from aegis_tracker import TrainingProgressTracker, phases

with TrainingProgressTracker(sys.argv[1], optimizer="gepa", sample_count=80, config={"seed": 1}) as tracker:
    print(tracker.run_id, flush=True)
    for phase in phases.PHASES:
        tracker.enter_phase(phase)
        for part in range(1, 11):
            tracker.update_progress(part / 10, f"part {part}", {"entity_f1": part / 10})
        tracker.log("DEBUG", f"done with {phase} \\ud800 \\0")
    if len(sys.argv) > 2:
        raise RuntimeError(sys.argv[2])
    tracker.complete({"entity_f1": float("nan"), "relation_f1": 0.5}, result={"prompts": {"entity": "Find …"}})
"""

SPENDING = """
import sys
from aegis_tracker import TrainingCancelled, TrainingProgressTracker, phases

tracker = TrainingProgressTracker(sys.argv[1], raise_on_cancel=True)
tracker.enter_phase(phases.PHASES[2])
tracker.candidate("best", state={"p": {}})
tracker.evaluation("best", metric="f1", score=0.5, split="test", example_count=3)
try:
    for call in range(1, 10_001):
        tracker.usage([{"model": "m", "calls": 1, "cost": 0.1, "currency": "USD"}])
        tracker.flush(30)
        tracker.update_progress(call / 10_000)
except TrainingCancelled:
    print(call)
tracker.fail("it was asked to stop")
tracker.flush(30)
"""


def train(
    service: Service, token: str, spool: Path, domain: str, *arguments: str, program: str = TRAINING
) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "AEGIS_URL": service.url, "AEGIS_TOKEN": token, "AEGIS_SPOOL_DIR": str(spool)}
    return subprocess.run(
        [sys.executable, "-c", program, domain, *arguments],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def token(service: Service, domain: str) -> str:
    return service.token("reporter", domain)


def test_a_training_arrives_whole(
    service: Service, operator: httpx.Client, token: str, domain: str, tmp_path: Path
) -> None:
    done = train(service, token, tmp_path, domain)
    assert (done.returncode, done.stderr) == (0, "")
    status = ok(operator.get(f"/domains/{domain}/training-status"))
    assert (status["training_run_id"], status["status"], status["progress"]) == (done.stdout.strip(), "completed", 100)
    assert status["metrics"] == {"entity_f1": None, "relation_f1": 0.5}
    run = ok(operator.get(f"/training-runs/{status['training_run_id']}"))
    assert (run["optimizer"], run["sample_count"], run["config"]) == ("gepa", 80, {"seed": 1})
    assert ok(operator.get(f"/training-runs/{status['training_run_id']}/result")) == {"prompts": {"entity": "Find …"}}
    logs = ok(operator.get(f"/domains/{domain}/training-logs", params={"page_size": 1}))
    assert (logs["total_logs"], logs["level_counts"]) == (84, {"DEBUG": 7, "INFO": 77})
    assert list(tmp_path.iterdir()) == []


def test_an_exception_fails_the_run_and_the_training(
    service: Service, operator: httpx.Client, token: str, domain: str, tmp_path: Path
) -> None:
    done = train(service, token, tmp_path, domain, "no memory left")
    assert done.returncode == 1
    assert "RuntimeError: no memory left" in done.stderr
    status = ok(operator.get(f"/domains/{domain}/training-status"))
    assert (status["status"], status["failure_reason"]) == ("failed", "error")
    assert status["error_message"] == "RuntimeError: no memory left"
    assert status["steps"][-1] == {"name": "saving_results", "status": "failed", "progress": 100, "share": 5.0}


def test_an_unknown_domain_is_said_and_the_training_goes_on(service: Service, tmp_path: Path) -> None:
    done = train(service, service.token("reporter"), tmp_path, "nowhere")
    assert done.returncode == 0
    assert "nowhere" in done.stderr
    assert len(list(tmp_path.iterdir())) >= 1  # kept for when the domain exists


def test_a_budget_stops_the_training_and_keeps_its_best_program(
    service: Service, operator: httpx.Client, token: str, domain: str, tmp_path: Path
) -> None:
    ok(operator.patch(f"/domains/{domain}", json={"cost_limit": 1, "currency": "USD"}))
    done = train(service, token, tmp_path, domain, program=SPENDING)
    assert (done.returncode, done.stdout) == (0, "10\n")
    assert done.stderr.count("at least 80 % of its budget is used") == 1
    assert done.stderr.count("its budget is used up") == 1
    status = ok(operator.get(f"/domains/{domain}/training-status"))
    assert (status["status"], status["failure_reason"]) == ("failed", "cancelled")
    assert status["error_message"] == "Cancelled: the cost limit of 1 USD was reached."
    assert (status["usage"]["cost"], status["budget"]["used_share"]) == (1.0, 1.0)
    assert ok(operator.get(f"/training-runs/{status['training_run_id']}/best-program")) == {"p": {}}
