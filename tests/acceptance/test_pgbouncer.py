"""Behind a PgBouncer in transaction mode, which knows nothing of prepared statements."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.support.answers import problem
from tests.support.breakable_link import BreakableLink, stopped
from tests.support.database_outage import Served
from tests.support.own_database import Database
from tests.support.running_pgbouncer import PgBouncer
from tests.support.running_service import Service

SETTING = "AEGIS_PREPARED_STATEMENTS=0"


@pytest.fixture
def link(database: Database) -> Iterator[BreakableLink]:
    """The way from the pooler to the server."""
    way = BreakableLink(str(database.socket))
    yield way
    way.close()


@pytest.fixture
def pooler(link: BreakableLink, tmp_path: Path) -> Iterator[PgBouncer]:
    running = PgBouncer(tmp_path, link.port)
    running.start()
    yield running
    running.stop()


def served(pooler: PgBouncer, database: Database, **settings: str) -> Service:
    service = Service(AEGIS_LISTEN_DATABASE_URL=database.url, **settings)
    service.use_database(pooler.url, database.credentials)
    service.start()
    return service


def answers(service: Service, token: str) -> list[httpx.Response]:
    """Of different requests at once, each again and again."""
    paths = ["/domains", "/domains/no_such/training-status", "/domains/no_such/training-logs", "/domains?page=2"]
    client = service.client(token)
    with ThreadPoolExecutor(16) as many:
        return list(many.map(lambda number: client.get(paths[number % len(paths)]), range(400)))


def test_without_its_setting_no_answer_is_another_ones(pooler: PgBouncer, database: Database) -> None:
    """Errors until the service has noticed, and said which setting is missing; never a wrong answer such as 401."""
    service = served(pooler, database)
    try:
        given = answers(service, service.token("viewer"))
        assert {answer.status_code for answer in given} <= {200, 404, 500}
        for answer in given:
            if answer.status_code == 500:
                assert problem(answer, 500)["detail"] == "Database operation failed"
        assert {answer.status_code for answer in answers(service, service.token("viewer"))} == {200, 404}
        assert any(SETTING in line for line in service.said)
        assert "Traceback" not in "".join(service.said)
    finally:
        service.stop()


def test_with_its_setting_nothing_is_to_be_said(pooler: PgBouncer, database: Database) -> None:
    service = served(pooler, database, AEGIS_PREPARED_STATEMENTS="0")
    try:
        assert {answer.status_code for answer in answers(service, service.token("viewer"))} == {200, 404}
        assert not service.complaints
    finally:
        service.stop()


def test_the_server_behind_it_is_gone(pooler: PgBouncer, database: Database, link: BreakableLink) -> None:
    service = served(pooler, database, AEGIS_PREPARED_STATEMENTS="0")
    try:
        gone = Served(service)
        gone.use_every_thread()
        with link.refusing():
            gone.assert_gone()
        gone.assert_back()
        with stopped(database.postmaster):
            gone.assert_gone()
        gone.assert_back()
    finally:
        service.stop()
