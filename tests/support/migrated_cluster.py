"""A PostgreSQL with the service's tables and a token of each role, made once in a test run and copied for who
needs one of its own.

A database that is made anew takes seconds, most of them for the migrations; a copy takes a part of one.
"""

import fcntl
import json
import os
import subprocess
import sys
import time
from pathlib import Path

from tests.support.project import PROJECT

RUN_FOLDER = "TEST_RUN_FOLDER"  # names a folder that all processes of a test run share
_ROLES = ("viewer", "reporter", "operator")
_STOP_LIMIT_S = 30.0


def copy_migrated_cluster(directory: Path) -> dict[str, str]:
    """Make the embedded PostgreSQL's directory, which must not exist, and return its tokens by role.

    Outside of a test run nothing is done, and there are none.
    """
    folder = os.environ.get(RUN_FOLDER)
    if folder is None:
        return {}
    with Path(folder, "lock").open("w") as lock:  # of several test processes one makes it
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = Path(folder, "migrated", "postgresql")
        if not made.exists():
            _make(made)
    subprocess.run(["cp", "--archive", made, directory], check=True)
    return json.loads(_tokens_of(made).read_text())


def _tokens_of(directory: Path) -> Path:
    return directory.with_name("tokens.json")


def _make(directory: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AEGIS_", "PYTEST_"))}
    environment.pop("DATABASE_URL", None)
    making = directory.parent.with_name("making")
    environment["AEGIS_DATA_DIR"] = str(making)
    _manage(environment, "migrate", "--verbosity", "0")
    tokens = {role: _manage(environment, "create_token", "acceptance", "--role", role) for role in _ROLES}
    made = making / directory.name
    deadline = time.monotonic() + _STOP_LIMIT_S
    while (made / "cluster" / "postmaster.pid").exists():  # it stops after its last user
        if time.monotonic() > deadline:
            raise TimeoutError("The PostgreSQL of the migrations did not stop.")
        time.sleep(0.05)
    for file in made.iterdir():
        if file.name != "cluster":  # locks, a socket, a log: a copy makes its own
            file.unlink(missing_ok=True)
    _tokens_of(made).write_text(json.dumps(tokens))
    making.rename(directory.parent)


def _manage(environment: dict[str, str], *arguments: str) -> str:
    """What `manage.py` prints on stdout."""
    program = [sys.executable, "manage.py", *arguments]
    return subprocess.run(
        program, cwd=PROJECT, env=environment, check=True, stdout=subprocess.PIPE, text=True
    ).stdout.strip()
