"""The embedded PostgreSQL, with real servers, real users (processes of their own) and real kills."""

import json
import os
import pwd
import select
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import psycopg
import pytest

from aegis_training.embedded_postgres import EmbeddedPostgresError, ensure_server, server_log
from aegis_training.embedded_postgres.account import choose_account
from aegis_training.embedded_postgres.binaries import find_binaries
from aegis_training.embedded_postgres.layout import DataDirectory
from aegis_training.embedded_postgres.postmaster import read_pid_file

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are watched in Linux's ways")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="about what root does")

PROJECT = Path(__file__).resolve().parents[2]
LIMIT_S = 60
NOBODY = pwd.getpwnam("nobody")

# Root without root's rights: who may do what is decided as for any user, but the files are root's.
AS_ORDINARY_USER = ("unshare", "--user", f"--map-user={NOBODY.pw_uid}", f"--map-group={NOBODY.pw_gid}", "--")

# A user tells how it fared in one line and stays one until its standard input ends.
USER = """
import json, sys
from pathlib import Path
from aegis_training.embedded_postgres import EmbeddedPostgresError, ensure_server
try:
    print(json.dumps(ensure_server(Path(sys.argv[1]))), flush=True)
except EmbeddedPostgresError as error:
    print(json.dumps(str(error)), flush=True)
sys.stdin.read()
"""


class User:
    """A process that uses the server of `data_dir`."""

    def __init__(self, data_dir: Path, program: str = USER, *, prefix: Sequence[str] = (), **options: Any) -> None:
        self.process = subprocess.Popen(
            [*prefix, sys.executable, "-c", program, data_dir],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            **{"env": {**os.environ, "PYTHONPATH": str(PROJECT)}, "cwd": "/", **options},
        )
        self._told: Any = None

    @property
    def told(self) -> Any:
        if self._told is None:
            assert self.process.stdout
            assert select.select([self.process.stdout], [], [], LIMIT_S)[0], "the user tells nothing"
            self._told = json.loads(self.process.stdout.readline())
        return self._told

    @property
    def address(self) -> dict[str, Any]:
        assert isinstance(self.told, dict), self.told
        return self.told

    @property
    def error(self) -> str:
        assert isinstance(self.told, str), self.told
        return self.told

    def execute(self, statement: str) -> Any:
        """The first value of the first row, if the statement gives rows."""
        with psycopg.connect(**self.address, autocommit=True) as connection:
            cursor = connection.execute(statement)
            row = cursor.fetchone() if cursor.description else None
            return row and row[0]

    def server(self) -> Any:
        """What only this very server says: the moment of its start."""
        return self.execute("SELECT pg_postmaster_start_time()")

    def leave(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(LIMIT_S)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(LIMIT_S)

    def let_go(self) -> None:
        """Close the pipes to it."""
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()


Join = Callable[..., User]


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "postgres"


@pytest.fixture
def join() -> Iterator[Join]:
    """Start users; afterwards all of them and their servers are gone."""
    users: list[tuple[User, Path]] = []

    def start(data_dir: Path, *arguments: Any, **options: Any) -> User:
        users.append((User(data_dir, *arguments, **options), data_dir))
        return users[-1][0]

    yield start
    for user, _ in users:
        user.kill()
        user.let_go()
    for data_dir in {data_dir for _, data_dir in users if (data_dir / "keeper.lock").exists()}:
        await_end_of_all(data_dir)


def postmaster_pid(data_dir: Path) -> int:
    return int((data_dir / "cluster/postmaster.pid").read_text().split()[0])


def keeper_pid(data_dir: Path) -> int:
    return int((data_dir / "keeper.lock").read_text())


def await_end(pid: int) -> None:
    """Return when the process has ended, reaped or not."""
    try:
        ending = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        assert select.select([ending], [], [], LIMIT_S)[0], f"process {pid} does not end"
    finally:
        os.close(ending)


def await_end_of_all(data_dir: Path) -> None:
    await_end(keeper_pid(data_dir))
    if (data_dir / "cluster/postmaster.pid").exists():  # its keeper was killed and it was not taken over
        os.kill(postmaster_pid(data_dir), signal.SIGINT)
        await_end(postmaster_pid(data_dir))


def await_true(condition: Callable[[], Any]) -> Any:
    """Return what `condition` gives as soon as that is true. For what tells nobody of itself."""
    deadline = time.monotonic() + LIMIT_S
    while not (value := condition()):
        assert time.monotonic() < deadline, "did not come true"
        time.sleep(0.005)
    return value


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    await_end(pid)


def without_unshare() -> dict[str, str]:
    """An environment in which root finds no way into a user namespace."""
    return {**os.environ, "PYTHONPATH": str(PROJECT), "PATH": "/nonexistent"}


@pytest.fixture
def open_dir() -> Iterator[Path]:
    """A directory that every account of the system can reach, which `tmp_path` is not."""
    path = Path(tempfile.mkdtemp(dir="/tmp"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


def test_it_works(data_dir: Path, join: Join) -> None:
    user = join(data_dir)
    assert user.address == {"host": str(data_dir), "port": 5432, "user": "aegis", "dbname": "aegis"}
    assert user.execute("SELECT current_database()") == "aegis"


def test_settings(data_dir: Path, join: Join) -> None:
    user = join(data_dir)
    expected = {
        "server_encoding": "UTF8",
        "timezone": "UTC",
        "listen_addresses": "",
        "fsync": "on",
        "synchronous_commit": "on",
        "data_checksums": "on",
        "max_connections": "100",
    }
    assert {name: user.execute(f"SHOW {name}") for name in expected} == expected
    assert user.execute("SELECT upper('ñ')") == "Ñ"


def test_only_the_owner_can_enter(data_dir: Path, join: Join) -> None:
    data_dir.mkdir(mode=0o755)
    assert join(data_dir).address
    assert stat.S_IMODE(data_dir.stat().st_mode) == 0o700
    assert stat.S_IMODE((data_dir / ".s.PGSQL.5432").stat().st_mode) == 0o700


def test_again_in_the_same_process_and_from_threads(data_dir: Path, join: Join) -> None:
    program = """
import json, sys, threading
from pathlib import Path
from aegis_training.embedded_postgres import ensure_server
addresses = []
def call(): addresses.append(ensure_server(Path(sys.argv[1])))
threads = [threading.Thread(target=call) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
call()
assert len(addresses) == 9
assert all(address == addresses[0] for address in addresses)
print(json.dumps(addresses[0]), flush=True)
sys.stdin.read()
"""
    assert join(data_dir, program).address["host"] == str(data_dir)


def test_database_is_made_again(data_dir: Path, join: Join) -> None:
    first = join(data_dir)
    with psycopg.connect(**{**first.address, "dbname": "postgres"}, autocommit=True) as connection:
        connection.execute("DROP DATABASE aegis")
    assert join(data_dir).execute("SELECT current_database()") == "aegis"


def test_many_start_at_once(data_dir: Path, join: Join) -> None:
    users = [join(data_dir) for _ in range(5)]
    assert len({user.server() for user in users}) == 1


def test_a_symbolic_link_is_the_same_directory(data_dir: Path, join: Join, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(data_dir)
    assert join(data_dir).server() == join(tmp_path / "link").server()


def test_stops_after_the_last_user(data_dir: Path, join: Join) -> None:
    first, second = join(data_dir), join(data_dir)
    server = first.server()
    second.server()
    keeper, postmaster = keeper_pid(data_dir), postmaster_pid(data_dir)
    first.leave()
    assert second.server() == server
    second.leave()
    await_end(keeper)
    await_end(postmaster)
    assert "database system is shut down" in (data_dir / "postgres.log").read_text()


def test_stops_after_a_killed_user(data_dir: Path, join: Join) -> None:
    user = join(data_dir)
    user.server()
    keeper = keeper_pid(data_dir)
    user.kill()
    await_end(keeper)
    assert not (data_dir / "cluster/postmaster.pid").exists()


def test_a_forked_child_is_a_user(data_dir: Path, join: Join) -> None:
    program = """
import json, os, sys
from pathlib import Path
from aegis_training.embedded_postgres import ensure_server
ensure_server(Path(sys.argv[1]))
if os.fork():
    os._exit(0)
print(json.dumps(ensure_server(Path(sys.argv[1]))), flush=True)
sys.stdin.read()
"""
    parent = join(data_dir, program)
    server = parent.server()
    parent.process.wait(LIMIT_S)
    assert parent.server() == server
    keeper = keeper_pid(data_dir)
    parent.leave()
    await_end(keeper)


def test_a_child_forked_during_a_call_holds_no_lock_of_that_call(data_dir: Path, join: Join) -> None:
    program = """
import json, os, sys, threading
from pathlib import Path
from aegis_training.embedded_postgres import ensure_server
data_dir = Path(sys.argv[1])
threading.Thread(target=ensure_server, args=[data_dir]).start()
while not (data_dir / "keeper.lock").exists(): pass
if os.fork():
    os._exit(0)
print(json.dumps(ensure_server(data_dir)), flush=True)
sys.stdin.read()
"""
    child = join(data_dir, program)
    server = child.server()
    killed = keeper_pid(data_dir)
    kill(killed)
    newcomer = join(data_dir)
    assert newcomer.server() == server
    assert keeper_pid(data_dir) != killed
    keeper = keeper_pid(data_dir)
    newcomer.leave()
    child.leave()
    await_end(keeper)


def test_a_program_started_by_a_user_is_none(data_dir: Path, join: Join) -> None:
    program = """
import json, subprocess, sys
from pathlib import Path
from aegis_training.embedded_postgres import ensure_server
print(json.dumps(ensure_server(Path(sys.argv[1]))), flush=True)
print(subprocess.Popen(["sleep", "600"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL).pid, flush=True)
sys.stdin.read()
"""
    user = join(data_dir, program)
    user.server()
    assert user.process.stdout
    sleeper = int(user.process.stdout.readline())
    keeper = keeper_pid(data_dir)
    try:
        user.leave()
        await_end(keeper)
    finally:
        os.kill(sleeper, signal.SIGKILL)


def test_output_of_the_starter_is_not_held_open(data_dir: Path, join: Join) -> None:
    starter = join(data_dir)
    starter.server()
    other = join(data_dir)
    other.server()
    assert starter.process.stdin
    assert starter.process.stdout
    starter.process.stdin.close()
    assert starter.process.stdout.read() == ""  # returns only when nobody has it open any more
    assert other.server()


def test_ctrl_c_is_for_users_only(data_dir: Path, join: Join) -> None:
    in_terminal = join(data_dir, start_new_session=True, stderr=subprocess.DEVNULL)
    in_terminal.server()
    elsewhere = join(data_dir)
    server = elsewhere.server()
    os.killpg(in_terminal.process.pid, signal.SIGINT)
    in_terminal.process.wait(LIMIT_S)
    assert elsewhere.server() == server


def test_new_user_while_the_server_stops(data_dir: Path, join: Join) -> None:
    join(data_dir).execute("CREATE TABLE visit (n int)")
    user = None
    for visits in range(1, 9):
        newcomer = join(data_dir)
        if user:
            user.leave()
        user = newcomer
        user.execute(f"INSERT INTO visit VALUES ({visits})")
        assert user.execute("SELECT count(*) FROM visit") == visits
        user.leave()


def test_everything_killed(data_dir: Path, join: Join) -> None:
    user = join(data_dir)
    user.execute("CREATE TABLE saved (n int)")
    with psycopg.connect(**user.address, autocommit=True) as connection:
        for n in range(20):
            connection.execute("INSERT INTO saved VALUES (%s)", [n])
        kill(keeper_pid(data_dir))
        kill(postmaster_pid(data_dir))
    user.kill()
    assert join(data_dir).execute("SELECT count(*) FROM saved") == 20


def test_process_number_of_a_killed_server_is_somebody_elses(data_dir: Path, join: Join) -> None:
    user = join(data_dir)
    user.execute("CREATE TABLE saved AS SELECT 1")
    kill(keeper_pid(data_dir))
    kill(postmaster_pid(data_dir))
    user.kill()
    foreigner = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        for file in (data_dir / "cluster/postmaster.pid", data_dir / ".s.PGSQL.5432.lock"):
            _, rest = file.read_text().split("\n", 1)
            file.write_text(f"{foreigner.pid}\n{rest}")
        assert join(data_dir).execute("SELECT count(*) FROM saved") == 1
        assert foreigner.poll() is None
    finally:
        foreigner.kill()
        foreigner.communicate()


def test_process_that_outlives_its_postmaster_is_waited_for(data_dir: Path, join: Join) -> None:
    user = join(data_dir)
    with psycopg.connect(**user.address) as connection:
        backend = connection.info.backend_pid
        os.kill(backend, signal.SIGSTOP)
        killed = keeper_pid(data_dir)
        kill(killed)
        kill(postmaster_pid(data_dir))
        newcomer = join(data_dir)
        await_true(lambda: keeper_pid(data_dir) != killed)
        kill(backend)
        assert newcomer.server()
        connection.close()


def test_server_started_by_hand_is_left_alone(data_dir: Path, tmp_path: Path, join: Join) -> None:
    user = join(data_dir)
    user.server()
    keeper = keeper_pid(data_dir)
    user.leave()
    await_end(keeper)
    binaries = find_binaries()
    account = choose_account(DataDirectory(data_dir), binaries)
    options = ("-c", "listen_addresses=", "-c", f"unix_socket_directories={tmp_path}")
    by_hand = account.popen([binaries / "postgres", "-D", data_dir / "cluster", *options], output=subprocess.DEVNULL)
    try:
        await_true(lambda: (running := read_pid_file(data_dir / "cluster")) and running.status == "ready")
        assert "Is another postmaster" in join(data_dir).error
        with psycopg.connect(host=str(tmp_path), user="aegis", dbname="aegis") as connection:
            assert connection.execute("SELECT 1").fetchone()
    finally:
        by_hand.send_signal(signal.SIGINT)
        by_hand.wait(LIMIT_S)


def test_killed_keeper_is_replaced_and_the_server_goes_on(data_dir: Path, join: Join) -> None:
    user = join(data_dir)
    server = user.server()
    killed = keeper_pid(data_dir)
    kill(killed)
    newcomer = join(data_dir)
    assert newcomer.server() == server
    keeper, postmaster = keeper_pid(data_dir), postmaster_pid(data_dir)
    assert keeper != killed
    newcomer.leave()
    assert user.server() == server
    user.leave()
    await_end(keeper)
    await_end(postmaster)


def test_crashed_server_is_started_again_for_its_users(data_dir: Path, join: Join) -> None:
    user = join(data_dir)
    user.execute("CREATE TABLE saved AS SELECT 1")
    for _ in range(2):
        crashed = user.server()
        kill(postmaster_pid(data_dir))
        assert join(data_dir).server() != crashed
        assert user.execute("SELECT count(*) FROM saved") == 1


def test_crashed_server_is_started_again_by_an_adopting_keeper(data_dir: Path, join: Join) -> None:
    user = join(data_dir)
    user.server()
    kill(keeper_pid(data_dir))
    crashed = join(data_dir).server()
    kill(postmaster_pid(data_dir))
    assert join(data_dir).server() != crashed


def test_keeper_asked_to_stop(data_dir: Path, join: Join) -> None:
    stopped = join(data_dir).server()
    keeper, postmaster = keeper_pid(data_dir), postmaster_pid(data_dir)
    os.kill(keeper, signal.SIGTERM)
    await_end(postmaster)
    await_end(keeper)
    assert join(data_dir).server() != stopped


def processes_on(path: Path, program: str) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                arguments = (entry / "cmdline").read_bytes().split(b"\0")
            except (FileNotFoundError, ProcessLookupError):
                continue
            if os.fsencode(path) in arguments and os.path.basename(arguments[0]) == program.encode():
                found.append(int(entry.name))
    return found


def test_killed_initdb_leaves_no_half_database(data_dir: Path, join: Join) -> None:
    unlucky = join(data_dir)
    [initdb] = await_true(lambda: processes_on(data_dir / "cluster.new", "initdb"))
    kill(initdb)
    assert "could not make its database" in unlucky.error
    assert not (data_dir / "cluster").exists()
    assert join(data_dir).server()


def test_keeper_killed_while_its_initdb_works(data_dir: Path, join: Join) -> None:
    unlucky = join(data_dir)
    await_true(lambda: processes_on(data_dir / "cluster.new", "initdb"))
    kill(keeper_pid(data_dir))
    assert "was ended before it could report" in unlucky.error
    assert join(data_dir).server()


def test_starter_killed_while_its_keeper_starts(data_dir: Path, join: Join) -> None:
    starter = join(data_dir)
    await_true(lambda: processes_on(data_dir / "cluster.new", "initdb"))
    follower = join(data_dir)
    starter.kill()
    assert follower.server()


@pytest.mark.parametrize("name", ["d" * 100, "with, comma", 'with "quotes" and blanks ', "ünïcödé"])
def test_unusual_paths(tmp_path: Path, join: Join, name: str) -> None:
    user = join(tmp_path / name)
    assert user.server()
    host = Path(user.address["host"])
    assert stat.S_IMODE(host.stat().st_mode) == 0o700
    keeper = keeper_pid(tmp_path / name)
    user.leave()
    await_end(keeper)
    assert host == tmp_path / name or not host.exists()
    assert join(tmp_path / name).address == user.address


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder whose path leaves room for a socket's."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        yield Path(folder)


def test_socket_directory_that_somebody_prepared(tmp_path: Path, short_folder: Path, join: Join) -> None:
    data_dir, temporary = tmp_path / ("d" * 100), short_folder
    env = {**os.environ, "PYTHONPATH": str(PROJECT), "TMPDIR": str(temporary)}
    user = join(data_dir, env=env)
    private = Path(user.address["host"])
    assert private.parent == temporary
    keeper = keeper_pid(data_dir)
    user.leave()
    await_end(keeper)
    private.symlink_to(tmp_path)
    assert "is not a private directory" in join(data_dir, env=env).error
    private.unlink()
    private.mkdir(mode=0o777)
    private.chmod(0o777)
    assert "is not a private directory" in join(data_dir, env=env).error


def test_directory_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EmbeddedPostgresError, match=r"Not a directory.* set AEGIS_DATA_DIR .* or DATABASE_URL"):
        ensure_server(tmp_path / "file" / "postgres")


def test_cluster_of_another_version(data_dir: Path, join: Join) -> None:
    (data_dir / "cluster").mkdir(parents=True)
    (data_dir / "cluster/PG_VERSION").write_text("17\n")
    assert "was made by PostgreSQL 17" in join(data_dir).error


def test_cluster_that_is_none(data_dir: Path, join: Join) -> None:
    (data_dir / "cluster").mkdir(parents=True)
    assert "is not a PostgreSQL data directory" in join(data_dir).error


def test_server_that_does_not_start_says_why(data_dir: Path, join: Join) -> None:
    user = join(data_dir)
    user.server()
    keeper = keeper_pid(data_dir)
    user.leave()
    await_end(keeper)
    (data_dir / "cluster/postgresql.conf").write_text("no_such_setting = 1\n")
    error = join(data_dir).error
    assert "did not start" in error
    assert "no_such_setting" in error


def test_missing_wheel() -> None:
    with pytest.raises(EmbeddedPostgresError, match="pip install"):
        find_binaries("no_such_wheel")


@as_root
def test_full_disk(tmp_path: Path, join: Join) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "none", disk], check=False).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        assert "is full" in join(disk / "postgres").error
    finally:
        await_end(keeper_pid(disk / "postgres"))
        subprocess.run(["umount", disk], check=True)


@as_root
def test_below_a_directory_that_only_root_can_enter(tmp_path: Path, join: Join) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    before = closed.stat()
    assert join(closed / "postgres").server()
    after = closed.stat()
    assert (after.st_mode, after.st_uid) == (before.st_mode, before.st_uid)
    assert (closed / "postgres/cluster").stat().st_uid == 0


@as_root
def test_without_namespaces_the_server_runs_as_nobody_ever_after(open_dir: Path, join: Join) -> None:
    data_dir = open_dir / "postgres"
    user = join(data_dir, env=without_unshare())
    user.execute("CREATE TABLE saved AS SELECT 1")
    assert Path(f"/proc/{postmaster_pid(data_dir)}").stat().st_uid == NOBODY.pw_uid
    assert data_dir.stat().st_uid == NOBODY.pw_uid
    keeper = keeper_pid(data_dir)
    user.leave()
    await_end(keeper)
    assert join(data_dir).execute("SELECT count(*) FROM saved") == 1
    assert Path(f"/proc/{postmaster_pid(data_dir)}").stat().st_uid == NOBODY.pw_uid
    assert open_dir.stat().st_uid == 0


@as_root
def test_namespaces_that_are_no_longer_allowed(open_dir: Path, join: Join) -> None:
    data_dir = open_dir / "postgres"
    user = join(data_dir)
    user.execute("CREATE TABLE saved AS SELECT 1")
    assert (data_dir / "cluster").stat().st_uid == 0
    keeper = keeper_pid(data_dir)
    user.leave()
    await_end(keeper)
    assert join(data_dir, env=without_unshare()).execute("SELECT count(*) FROM saved") == 1


@as_root
def test_nobody_cannot_reach_the_directory(tmp_path: Path, join: Join) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    error = join(closed / "postgres", env=without_unshare()).error
    assert "the user nobody cannot reach" in error
    assert "set DATABASE_URL" in error
    assert (closed / "postgres").stat().st_uid == 0


@as_root
@as_root
def test_directory_of_another_user_is_served_as_that_user(open_dir: Path, join: Join) -> None:
    data_dir = open_dir / "postgres"
    data_dir.mkdir()
    os.chown(data_dir, NOBODY.pw_uid, NOBODY.pw_gid)
    assert join(data_dir).server()
    assert Path(f"/proc/{postmaster_pid(data_dir)}").stat().st_uid == NOBODY.pw_uid
    assert {file.stat().st_uid for file in data_dir.iterdir()} == {NOBODY.pw_uid}


@as_root
def test_an_ordinary_user(data_dir: Path, join: Join) -> None:
    assert join(data_dir, prefix=AS_ORDINARY_USER).server()


@as_root
def test_directory_of_somebody_else(open_dir: Path, join: Join) -> None:
    data_dir = open_dir / "postgres"
    data_dir.mkdir(mode=0o700)
    os.chown(data_dir, NOBODY.pw_uid, NOBODY.pw_gid)
    assert "Permission denied" in join(data_dir, prefix=AS_ORDINARY_USER).error


def test_log_does_not_grow_without_bound(data_dir: Path) -> None:
    directory = DataDirectory(data_dir)
    directory.create()
    directory.log.write_bytes(b"old line\n" * (server_log.MAX_BYTES // 9 + 2) + b"last line\n")
    server_log.trim(directory)
    assert server_log.size(directory) <= server_log.KEPT_BYTES
    assert server_log.tail(directory).endswith("last line")
