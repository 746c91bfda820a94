"""Commands where something is wrong outside of the program: one sentence, exit code 1, and no traceback."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.embedded_server_users import AS_ORDINARY_USER, as_root, await_end, keeper_pid
from tests.support.project import PROJECT

LIMIT_S = 120
COMMANDS = (
    ("serve", "--port", "0"),
    ("create_token", "name", "--role", "viewer"),
    ("revoke_token", "name"),
    ("sweep",),
    ("prune",),
    ("export_run", "medical", "1"),
    ("import_run", "-"),
    ("createsuperuser", "--noinput", "--username", "ada", "--email", "ada@example.org"),
    ("migrate",),
)
WITHOUT_NAME = ("unshare", "--user", "--map-user=12345", "--map-group=0", "--")  # as in OpenShift
ALONE = ("unshare", "--mount", "--")  # what it mounts nobody else sees


def with_full_disk(folder: Path, options: str) -> tuple[str, ...]:
    """The prefix of a command for which the folder is a file system of its own, of that kind, and full."""
    fill = "{ head -c 2000000 /dev/zero > $0/fill; } 2>/dev/null"
    script = f'mount -t tmpfs -o {options} none "$0" || exit 1; {fill}; exec "$@"'
    return (*ALONE, "sh", "-c", script, str(folder))


def manage(
    *arguments: str, data_dir: Path, prefix: Sequence[str] = (), **variables: str
) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own, with no more of the environment than it needs."""
    environment = {"PATH": os.environ["PATH"], "AEGIS_DATA_DIR": str(data_dir), "DJANGO_SUPERUSER_PASSWORD": "a secret"}
    return subprocess.run(
        [*prefix, sys.executable, "manage.py", *arguments],
        env=environment | variables,
        cwd=PROJECT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )


def assert_refused(refused: subprocess.CompletedProcess[str], sentence: str) -> None:
    lines = [line for line in refused.stderr.splitlines() if not line.startswith("Waiting for ")]
    assert len(lines) == 1, refused.stderr
    assert sentence in lines[0]
    assert refused.returncode == 1
    assert refused.stdout == ""


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_data_folder_that_is_a_file(tmp_path: Path, command: tuple[str, ...]) -> None:
    (tmp_path / "data").touch()
    assert_refused(manage(*command, data_dir=tmp_path / "data"), "there is a file in its place")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_database_that_refuses(tmp_path: Path, command: tuple[str, ...]) -> None:
    refused = manage(*command, data_dir=tmp_path, DATABASE_URL="postgresql://me@127.0.0.1:9/aegis")
    assert_refused(refused, "is the server running?")


def test_a_data_folder_below_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert_refused(manage("sweep", data_dir=tmp_path / "file" / "data"), "there is a file in its place")


def test_a_host_that_is_not_known(tmp_path: Path) -> None:
    refused = manage("sweep", data_dir=tmp_path, DATABASE_URL="postgresql://me@no.such.invalid/aegis")
    assert_refused(refused, "the name of its host cannot be resolved")


def test_an_empty_secret_key(tmp_path: Path) -> None:
    (tmp_path / "secret_key").touch()
    assert_refused(manage("sweep", data_dir=tmp_path), "is empty")


@as_root
def test_a_data_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o500)
    refused = manage("sweep", data_dir=tmp_path / "data", prefix=AS_ORDINARY_USER)
    assert_refused(refused, "Nothing can be written in")


@as_root
def test_a_secret_key_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "secret_key").touch(mode=0o000)
    assert_refused(manage("sweep", data_dir=tmp_path, prefix=AS_ORDINARY_USER), "cannot be read by the user nobody")


@as_root
@pytest.mark.parametrize(
    ("options", "sentence"), [("size=4k", "its disk is full"), ("ro", "its file system is read-only")]
)
def test_a_data_folder_on_a_bad_disk(tmp_path: Path, options: str, sentence: str) -> None:
    prefix = with_full_disk(tmp_path, options)
    if subprocess.run([*prefix, "true"], check=False, capture_output=True).returncode:
        pytest.skip("mounting is not allowed here")
    refused = manage("sweep", data_dir=tmp_path / "data", prefix=prefix)
    assert_refused(refused, sentence)


def test_no_migrate_leaves_a_new_database_alone(tmp_path: Path) -> None:
    for _ in range(2):
        refused = manage("serve", "--no-migrate", "--port", "0", data_dir=tmp_path)
        assert_refused(refused, "migrations are missing, first contenttypes.0001_initial. Run `manage.py migrate`")
        await_end(keeper_pid(tmp_path / "postgresql"))


@as_root
@pytest.mark.parametrize(
    ("options", "reason"), [("size=6m", "No space left on device"), ("ro", "Read-only file system")]
)
def test_static_files_on_a_bad_disk(tmp_path: Path, options: str, reason: str) -> None:
    prefix = with_full_disk(tmp_path, options)
    if subprocess.run([*prefix, "true"], check=False, capture_output=True).returncode:
        pytest.skip("mounting is not allowed here")
    for command in (("serve", "--port", "0"), ("collectstatic",)):
        refused = manage(
            *command,
            data_dir=tmp_path / "data",
            prefix=prefix,
            AEGIS_SECRET_KEY="x",
            DATABASE_URL="postgresql:///aegis",
        )
        assert_refused(refused, f"The static files cannot be stored in {tmp_path}/data/static ({reason})")


def created_token(data_dir: Path, prefix: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
    """By the first command ever, with a database that is made for it."""
    created = manage("create_token", "name", "--role", "viewer", data_dir=data_dir, prefix=prefix)
    await_end(keeper_pid(data_dir / "postgresql"))
    return created


def test_a_token_before_the_first_start(tmp_path: Path) -> None:
    created = created_token(tmp_path)
    assert created.stdout.startswith("aegis_"), created.stderr
    assert manage("revoke_token", "name", data_dir=tmp_path).returncode == 0
    assert not (tmp_path / "static").exists()  # which commands do not need
    await_end(keeper_pid(tmp_path / "postgresql"))


@as_root
def test_a_user_without_a_name(tmp_path: Path) -> None:
    created = created_token(tmp_path, WITHOUT_NAME)
    assert created.stdout.startswith("aegis_"), created.stderr


@as_root
def test_with_shared_memory_that_is_full(tmp_path: Path) -> None:
    prefix = with_full_disk(Path("/dev/shm"), "size=1m")
    if subprocess.run([*prefix, "true"], check=False, capture_output=True).returncode:
        pytest.skip("mounting is not allowed here")
    created = created_token(tmp_path, prefix)
    assert created.stdout.startswith("aegis_"), created.stderr


def test_garbage_is_collected_while_a_command_runs_but_not_among_what_was_loaded(tmp_path: Path) -> None:
    program = "import gc; print(gc.isenabled(), gc.get_freeze_count() > 100_000)"
    assert manage("shell", "--no-imports", "-c", program, data_dir=tmp_path).stdout == "True True\n"
