"""Run the example as a person does: in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

from recording_service import RecordingService

HOME = Path(__file__).parent.parent


def run_training(service: RecordingService, tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The finished process; everything it reports has arrived at the service."""
    environment = os.environ | {
        "AEGIS_URL": service.url,
        "AEGIS_TOKEN": "aegis_test",
        "AEGIS_SPOOL_DIR": str(tmp_path / "spool"),
    }
    command = [sys.executable, str(HOME / "train.py"), "--out", str(tmp_path / "out"), *arguments]
    return subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120)
