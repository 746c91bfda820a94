"""A PostgreSQL on which the service was started once, with its first operator and a token of each role. It is made once
in a test run and copied for who needs one of its own.

A database that is made anew takes seconds, most of them for the migrations; a copy takes a part of one.
"""

import fcntl
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

from tests.support.project import PROJECT, STATIC_DIR

RUN_FOLDER = "TEST_RUN_FOLDER"  # names a folder that all processes of a test run share
FIRST_OPERATOR = re.compile(r"'operator' with the password (\S+)")  # a first start prints it
_ROLES = ("viewer", "reporter", "operator")
_STOP_LIMIT_S = 30.0


class Credentials(NamedTuple):
    """A token of each role, and the password of the user `operator`."""

    tokens: dict[str, str]
    operator_password: str


def copy_migrated_cluster(directory: Path) -> Credentials:
    """Make the embedded PostgreSQL's directory, which must not exist, and return who can use a service on it.

    Outside of a test run nothing is done, and nobody can.
    """
    folder = os.environ.get(RUN_FOLDER)
    if folder is None:
        return Credentials({}, "")
    with Path(folder, "lock").open("w") as lock:  # of several test processes one makes it
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = Path(folder, "migrated", "postgresql")
        if not made.exists():
            _make(made)
    subprocess.run(["cp", "--archive", made, directory], check=True)
    return Credentials(**json.loads(_credentials_of(made).read_text()))


def _credentials_of(directory: Path) -> Path:
    return directory.with_name("credentials.json")


def _make(directory: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AEGIS_", "PYTEST_"))}
    environment.pop("DATABASE_URL", None)
    making = directory.parent.with_name("making")
    environment |= {"AEGIS_DATA_DIR": str(making), "AEGIS_STATIC_DIR": str(STATIC_DIR)}
    password = _password_of_first_operator(environment)
    tokens = {role: _new_token(environment, role) for role in _ROLES}
    made = making / directory.name
    deadline = time.monotonic() + _STOP_LIMIT_S
    while (made / "cluster" / "postmaster.pid").exists():  # it stops after its last user
        if time.monotonic() > deadline:
            raise TimeoutError("The PostgreSQL of the first start did not stop.")
        time.sleep(0.05)
    for file in made.iterdir():
        if file.name != "cluster":  # locks, a socket, a log: a copy makes its own
            file.unlink(missing_ok=True)
    _credentials_of(made).write_text(json.dumps(Credentials(tokens, password)._asdict()))
    making.rename(directory.parent)


def _password_of_first_operator(environment: dict[str, str]) -> str:
    """Start the service, which makes the operator, and stop it."""
    command = [sys.executable, "manage.py", "serve", "--port", "0"]
    with subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        said = ""
        for line in process.stdout:
            said += line
            if "Aegis Training Status is at" in line:
                process.terminate()
    (password,) = FIRST_OPERATOR.findall(said)
    return str(password)


def _new_token(environment: dict[str, str], role: str) -> str:
    command = [sys.executable, "manage.py", "create_token", "acceptance", "--role", role]
    made = subprocess.run(command, cwd=PROJECT, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return made.stdout.strip()
