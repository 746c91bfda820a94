"""Wake-ups, from a commit to the event loop of a process that listens."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime

import pytest
from django.db import connection, connections, transaction

from tests.support.factories import DomainFactory, TrainingRunFactory, log_lines, send
from training_status.change_notifications import notify
from training_status.change_notifications.channel import RunChanged
from training_status.change_notifications.listener import Listener
from training_status.ingest.batch import CompleteEvent
from training_status.ingest.deletion import delete_run
from training_status.ingest.domains import change_domain
from training_status.ingest.events import append_training_log_message, record_heartbeat
from training_status.ingest.request_schemas import DomainChange, NewRun
from training_status.ingest.runs import request_cancel, start_run
from training_status.models import TrainingRun

pytestmark = pytest.mark.django_db(transaction=True)

AWAIT_S = 20


class Received:
    """What a listener has passed on, to be awaited."""

    def __init__(self) -> None:
        self.news: list[RunChanged] = []
        self.gaps = 0
        self._more = asyncio.Condition()

    def on_change(self, news: Iterable[RunChanged]) -> None:
        self.news += news
        asyncio.get_running_loop().create_task(self._wake())

    def on_gap(self) -> None:
        self.gaps += 1
        asyncio.get_running_loop().create_task(self._wake())

    async def _wake(self) -> None:
        async with self._more:
            self._more.notify_all()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(AWAIT_S), self._more:
            await self._more.wait_for(condition)


def listening(scenario: Callable[[Received], Awaitable[None]]) -> None:
    """Run the scenario with a listener that has begun to listen."""

    async def run() -> None:
        received = Received()
        listener = asyncio.ensure_future(Listener(received.on_change, received.on_gap).run())
        try:
            await received.until(lambda: received.gaps == 1)
            await scenario(received)
        finally:
            listener.cancel()
            await asyncio.wait([listener])

    asyncio.run(run())


def in_thread(action: Callable[[], object]) -> Awaitable[object]:
    def act() -> object:
        try:
            return action()
        finally:
            connections.close_all()

    return asyncio.to_thread(act)


def test_every_kind_of_change_of_a_run_is_announced():
    domain = DomainFactory()
    run = TrainingRunFactory(domain=domain, created_at=datetime(2020, 1, 1, tzinfo=UTC))
    changes = (
        lambda: record_heartbeat(run.public_id),
        lambda: send(run, *log_lines(1, 1)),
        lambda: append_training_log_message(run, run.created_at, "INFO", "from inside"),
        lambda: request_cancel(run.public_id),
        lambda: send(run, CompleteEvent(n=2)),
        lambda: delete_run(run.public_id),
    )

    async def scenario(received: Received) -> None:
        started = await in_thread(lambda: start_run(domain.name, NewRun()))
        created = await in_thread(lambda: TrainingRun.objects.get(public_id=started.public_id).id)
        await received.until(lambda: received.news == [RunChanged(domain.id, created)])
        for change in changes:
            received.news.clear()
            await in_thread(change)
            await received.until(lambda: received.news == [RunChanged(domain.id, run.id)])

    listening(scenario)


def test_what_was_rolled_back_is_not_announced():
    run, other = TrainingRunFactory(), TrainingRunFactory()

    def rolled_back() -> None:
        with transaction.atomic():
            send(run, *log_lines(1, 1))
            transaction.set_rollback(True)
        send(other, *log_lines(1, 1))

    async def scenario(received: Received) -> None:
        await in_thread(rolled_back)
        await received.until(lambda: bool(received.news))
        assert {news.run_id for news in received.news} == {other.id}

    listening(scenario)


def test_much_news_of_one_run_comes_as_little():
    run = TrainingRunFactory()

    def report() -> None:
        for n in range(1, 301):
            send(run, *log_lines(n, 1))
        notify.close()  # returns when all of it has been sent

    async def scenario(received: Received) -> None:
        await in_thread(report)
        await in_thread(lambda: send(TrainingRunFactory(id=run.id + 1000), *log_lines(1, 1)))
        await received.until(lambda: received.news[-1].run_id != run.id)
        assert 1 <= sum(news.run_id == run.id for news in received.news) < 300

    listening(scenario)


def test_a_listener_that_was_cut_off_listens_again_and_says_that_it_may_have_missed_something():
    run = TrainingRunFactory()

    async def scenario(received: Received) -> None:
        await in_thread(end_listeners)
        await received.until(lambda: received.gaps == 2)
        await in_thread(lambda: send(run, *log_lines(1, 1)))
        await received.until(lambda: bool(received.news))

    listening(scenario)


def test_what_another_program_says_on_the_channel_makes_everybody_look():
    async def scenario(received: Received) -> None:
        await in_thread(lambda: execute("SELECT pg_notify('aegis_runs', 'hello')"))
        await received.until(lambda: received.gaps == 2)
        assert received.news == []

    listening(scenario)


def test_a_process_that_ends_at_once_has_announced_what_it_wrote():
    run = TrainingRunFactory()
    database = connection.get_connection_params()
    program = f"""
import django; django.setup()
from django.db import connection
connection.settings_dict["NAME"] = {database["dbname"]!r}
from training_status.models import TrainingRun
from tests.support.factories import log_lines, send
send(TrainingRun.objects.get(id={run.id}), *log_lines(1, 1))
"""

    def write() -> None:
        environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "aegis_training.settings"}
        subprocess.run([sys.executable, "-c", program], env=environment, check=True, timeout=AWAIT_S)

    async def scenario(received: Received) -> None:
        await in_thread(write)
        await received.until(lambda: received.news == [RunChanged(run.domain_id, run.id)])

    listening(scenario)


def test_a_forked_child_announces_by_itself():
    run = TrainingRunFactory()
    send(run, *log_lines(1, 1))  # so that this process has a publisher

    def fork_and_write() -> None:
        child = os.fork()
        if child == 0:
            try:
                connections.close_all()
                send(run, *log_lines(2, 1))
                notify.close()
            finally:
                os._exit(0)
        os.waitpid(child, 0)

    async def scenario(received: Received) -> None:
        await in_thread(fork_and_write)
        await received.until(lambda: RunChanged(run.domain_id, run.id) in received.news)

    notify.close()
    listening(scenario)


def execute(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def end_listeners() -> None:
    """As an administrator does who ends a connection."""
    execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'aegis-listener'")


def test_another_baseline_wakes_those_who_follow_an_active_run():
    completed = TrainingRunFactory(completed=True)
    domain = completed.domain
    active = [TrainingRunFactory(domain=domain, **state) for state in ({}, {"running": True})]
    TrainingRunFactory(domain=domain, lost=True)

    async def scenario(received: Received) -> None:
        pinned = DomainChange(baseline_run_number=completed.run_number)
        await in_thread(lambda: change_domain(domain.name, pinned))
        await received.until(lambda: len(received.news) >= 2)
        assert set(received.news) == {RunChanged(domain.id, run.id) for run in active}
        received.news.clear()
        await in_thread(lambda: delete_run(completed.public_id))
        await received.until(lambda: RunChanged(domain.id, active[0].id) in received.news)

    listening(scenario)
