"""The embedded PostgreSQL, its keeper and its makers are killed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg

from aegis_training.embedded_postgres.account import choose_account
from aegis_training.embedded_postgres.binaries import find_binaries
from aegis_training.embedded_postgres.layout import DataDirectory
from aegis_training.embedded_postgres.postmaster import read_pid_file
from tests.support.embedded_server_users import (
    LIMIT_S,
    Join,
    await_end,
    await_true,
    keeper_pid,
    kill,
    on_linux,
    postmaster_pid,
    processes_on,
)

pytestmark = on_linux


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
