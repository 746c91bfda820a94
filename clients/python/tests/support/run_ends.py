"""What becomes of a run when its process ends: what was reported, and how it is sent."""

import signal
from pathlib import Path

from support.contract_server import ContractServer, Run
from support.process import Process
from support.trainings import sync

SIGNALS = ("SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGXCPU", "SIGQUIT", "SIGALRM")
# Not one long sleep: a signal that comes between two instructions and just before it would wait for its end.
WAITS = "for _ in range(600): time.sleep(0.1)"
IMPORT = "import os, sys, time\nfrom aegis_tracker import TrainingProgressTracker\n"


def reported(run: Run | None) -> list[str]:
    """What its training has reported, without its end."""
    return [event.get("message", "") for event in run.events if event["type"] == "log"] if run else []


def assert_accounted_for(service: ContractServer, spool_dir: Path, run_id: str, texts: list[str], errors: str) -> None:
    """All of `texts` has arrived, or `errors` names the spool; then the next `sync` sends it, and the run is over."""
    if reported(service.runs.get(run_id)) != texts:
        assert str(spool_dir / f"{run_id}.jsonl") in errors
    assert "Traceback" not in errors
    status, told, _ = sync(service.url, spool_dir)
    assert status == 0, told
    assert reported(service.runs[run_id]) == texts
    assert service.runs[run_id].is_over
    assert list(spool_dir.iterdir()) == []


THOUSAND = "for n in range(1000): tracker.log('INFO', str(n))\n"
NO_CORE = "import resource, signal\nresource.setrlimit(resource.RLIMIT_CORE, (0, 0))\n"


def signalled(training: Process, name: str) -> tuple[int, str]:
    """How a training ends that is sent a signal when it says "go"; its errors."""
    with training:
        said = training.next_line()
        assert said == "go", training.communicate()[1]
        training.send_signal(getattr(signal, name))
        _, errors = training.communicate(timeout=60)
    return training.returncode, errors
