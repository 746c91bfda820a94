"""The ways in which a database can be gone: health says so within a second, requests end, and all of it comes back."""

import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.support.answers import problem
from tests.support.breakable_link import BreakableLink, stopped
from tests.support.database_outage import AT_ONCE, LIMIT_S, Served
from tests.support.embedded_server_users import as_root
from tests.support.own_database import Database
from tests.support.running_service import Service, await_until


class Gone(Served):
    """A service, its database, and the way between them."""

    def __init__(self, database: Database, link: BreakableLink, service: Service) -> None:
        super().__init__(service)
        self.database, self.link = database, link


@pytest.fixture(scope="module")
def gone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gone]:
    database = Database(tmp_path_factory.mktemp("gone") / "postgres")
    database.start()
    link = BreakableLink(str(database.socket))
    service = Service()
    service.use_database(f"postgresql://aegis@127.0.0.1:{link.port}/aegis", database.credentials)
    try:
        service.start()
        yield Gone(database, link, service)
    finally:
        service.stop()
        link.close()
        database.stop()


Way = Callable[[Gone], AbstractContextManager[None]]
WAYS: dict[str, Way] = {
    "refuses": lambda gone: gone.link.refusing(),
    "swallows": lambda gone: gone.link.swallowing(),
    "is full": lambda gone: gone.link.full(),
    "is stopped": lambda gone: stopped(gone.database.postmaster),
    "has no connection left": lambda gone: gone.database.full_of_connections(),
    "wants a password": lambda gone: gone.database.wanting_password(),
    "lets nobody in": lambda gone: gone.database.letting_nobody_in(),
    "is shutting down": lambda gone: gone.database.shutting_down(),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_database_that(gone: Gone, way: str) -> None:
    gone.use_every_thread()
    with WAYS[way](gone):
        gone.assert_gone()
        gone.assert_gone()
    gone.assert_back()


def test_a_database_that_is_stopped_while_requests_are_inside(gone: Gone) -> None:
    with gone.database.connect() as other, ThreadPoolExecutor(AT_ONCE) as many:
        other.execute("BEGIN; LOCK TABLE training_status_domain")
        inside = [many.submit(gone.request) for _ in range(AT_ONCE)]
        await_until(lambda: gone.database.waiting_queries() >= 8, LIMIT_S)
        with stopped(gone.database.postmaster):
            for answer in [one.result() for one in inside]:
                assert problem(answer, 500)["detail"] == "Database operation failed"
            gone.assert_gone()
    gone.assert_back()


def test_a_slow_query_is_not_taken_for_a_stopped_database(gone: Gone) -> None:
    with gone.database.connect() as other, ThreadPoolExecutor(8) as many:
        other.execute("BEGIN; LOCK TABLE training_status_domain")
        inside = [many.submit(gone.request) for _ in range(8)]
        await_until(lambda: gone.database.longest_wait_s() > 5, LIMIT_S)
        assert gone.health().status_code == 200
        other.execute("ROLLBACK")
        assert {one.result().status_code for one in inside} == {200}


def test_static_files_under_a_path_wait_for_no_database(gone: Gone) -> None:
    """Here too they have threads of their own."""
    with (
        gone.database.served(AEGIS_URL_PREFIX="/tools/training") as service,
        gone.database.connect() as other,
        ThreadPoolExecutor(AT_ONCE) as many,
    ):
        under_a_path = Served(service)
        other.execute("BEGIN; LOCK TABLE training_status_domain")
        inside = [many.submit(under_a_path.request, "/tools/training/api/v1/admin/domains") for _ in range(AT_ONCE)]
        await_until(lambda: gone.database.waiting_queries() >= 8, LIMIT_S)
        for path in ("/tools/training/static/dashboard/icon.svg", "/static/dashboard/icon.svg"):
            assert under_a_path.request(path).status_code == 200
        other.execute("ROLLBACK")
        assert {one.result().status_code for one in inside} == {200}


@as_root
def test_a_name_that_is_no_longer_resolved(tmp_path: Path) -> None:
    """The name server does not answer, which takes many seconds to give up."""
    database = Database(tmp_path / "postgres")
    database.start()
    link = BreakableLink(str(database.socket))
    service = Service()
    hosts, resolver = tmp_path / "hosts", tmp_path / "resolv.conf"
    hosts.write_text("127.0.0.1 localhost database.example\n")
    resolver.write_text("nameserver 192.0.2.1\noptions timeout:10 attempts:3\n")  # an address for documentation
    mount = f'mount --bind {hosts} /etc/hosts && mount --bind {resolver} /etc/resolv.conf && exec "$@"'
    service.prefix = ["unshare", "--mount", "--", "sh", "-c", mount, "sh"]
    if subprocess.run([*service.prefix, "true"], check=False).returncode:
        pytest.skip("mounting is not allowed here")
    service.use_database(f"postgresql://aegis@database.example:{link.port}/aegis", database.credentials)
    try:
        service.start()
        gone = Gone(database, link, service)
        hosts.write_text("127.0.0.1 localhost\n")
        with link.refusing():  # what was connected is cut; the name comes first
            await_until(lambda: gone.health().status_code == 503, LIMIT_S)  # an answer from before may come first
            gone.assert_gone()
        gone.assert_gone()
        hosts.write_text("127.0.0.1 localhost database.example\n")
        gone.assert_back()
    finally:
        service.stop()
        link.close()
        database.stop()
