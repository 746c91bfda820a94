"""A copy of the service's code that a test changes, as somebody who works on the project would."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.support.project import PROJECT


class ChangedProject:
    """The code of the service in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        unneeded = shutil.ignore_patterns("tests", "__pycache__")
        for package in ("aegis_training", "training_status"):
            shutil.copytree(PROJECT / package, folder / package, ignore=unneeded)
        shutil.copy(PROJECT / "manage.py", folder)

    def replace(self, file: str, old: str, new: str) -> None:
        """Change one place of a file."""
        path = self.folder / file
        text = path.read_text()
        assert text.count(old) == 1, (file, old)
        path.write_text(text.replace(old, new))

    def make_migration(self) -> None:
        """What Django writes by itself after a change of models."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("AEGIS_", "PYTEST_"))}
        subprocess.run(
            [sys.executable, "manage.py", "makemigrations", "--verbosity", "0", "training_status"],
            cwd=self.folder,
            env=environment | {"AEGIS_DATA_DIR": str(self.folder / "data")},
            check=True,
        )
