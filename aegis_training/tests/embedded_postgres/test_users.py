"""The embedded PostgreSQL is there while it has users, however they come and go."""

import os
import signal
import stat
import subprocess
from pathlib import Path

import psycopg

from tests.support.embedded_server_users import (
    LIMIT_S,
    Join,
    await_end,
    keeper_pid,
    kill,
    on_linux,
    postmaster_pid,
)

pytestmark = on_linux


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
