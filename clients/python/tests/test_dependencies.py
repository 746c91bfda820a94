"""The package needs nothing but Python; following DSPy is an extra."""

import os
import subprocess
import sys

from support.trainings import SOURCE


def test_it_needs_only_the_standard_library() -> None:
    """`-S` leaves out all installed packages."""
    program = "import aegis_tracker, aegis_tracker.cli, aegis_tracker.client; print(aegis_tracker.__version__)"
    command = [sys.executable, "-S", "-c", program]
    subprocess.run(command, env=os.environ | {"PYTHONPATH": SOURCE}, check=True, timeout=60)


def test_nothing_imports_dspy_but_its_own_part() -> None:
    absent = "import sys; sys.modules['dspy'] = None; import aegis_tracker, aegis_tracker.cli"
    subprocess.run([sys.executable, "-c", absent], check=True, timeout=60)


def test_following_dspy_without_it_says_what_is_missing() -> None:
    absent = "import sys; sys.modules['dspy'] = None; import aegis_tracker.dspy"
    finished = subprocess.run([sys.executable, "-c", absent], capture_output=True, text=True, timeout=60)
    assert finished.returncode == 1
    assert "aegis-tracker[dspy]" in finished.stderr
