"""Runs processes without locks: builds `no_locks.c`, and says in which environment it works.

The whole suite, as on a file system without locks: `python clients/python/tests/support/no_locks.py ENOLCK`, from the
project's folder; what follows is for pytest.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SOURCE = Path(__file__).with_name("no_locks.c")


def missing() -> str | None:
    """Why it cannot be built here; None where it can."""
    if sys.platform != "linux":
        return "preloading a library is Linux's"
    return None if shutil.which("cc") else "there is no C compiler: no `cc` on PATH"


def build(folder: Path) -> Path:
    """The library, made in `folder`. Raises CalledProcessError."""
    library = folder / "no_locks.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-Wall", "-Werror", "-o", library, SOURCE, "-ldl"], check=True)
    return library


def environment(library: Path, *, flock: str = "", hostname: str = "") -> dict[str, str]:
    """What a process's environment needs to be without locks, or on another machine."""
    settings = {"LD_PRELOAD": str(library), "AEGIS_TEST_FLOCK": flock, "AEGIS_TEST_HOSTNAME": hostname}
    return {name: value for name, value in settings.items() if value}


if __name__ == "__main__":
    how, *arguments = sys.argv[1:]
    os.environ |= environment(build(Path(tempfile.mkdtemp())))
    command = [sys.executable, "-m", "pytest", str(Path(__file__).parents[1]), f"--flock={how}"]
    os.execv(sys.executable, [*command, *arguments])
