"""Streams in one event loop, over a real database: what viewers are told in odd orders of events."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections

from tests.support.factories import DomainFactory, TrainingRunFactory, log_lines, send
from training_status.access.principal import ANONYMOUS, Credential, Principal
from training_status.change_notifications import notify
from training_status.ingest.batch import CompleteEvent, LogEvent
from training_status.ingest.deletion import delete_run
from training_status.live import database_threads
from training_status.live.cursor import Cursor, ResumePoint
from training_status.live.stream_grant import StreamGrant
from training_status.live.streams import Streams
from training_status.live.subscriber_queue import GONE
from training_status.live.viewer import Connection
from training_status.models import Domain, TrainingRun
from training_status.read.run_facts import latest_run
from training_status.roles import VIEWER

pytestmark = pytest.mark.django_db(transaction=True)

AWAIT_S = 20
CALLER = Principal("a test", VIEWER, Credential(ANONYMOUS))


class Watching:
    """A viewer, and what they were told."""

    def __init__(self, streams: Streams, **grant: Any) -> None:
        self.told: list[dict[str, Any]] = []
        self._more = asyncio.Event()
        self.may_read = asyncio.Event()
        self.may_read.set()
        self._grant = StreamGrant(principal=CALLER, **grant)
        self.over = asyncio.ensure_future(self._watch(streams))

    async def _watch(self, streams: Streams) -> str | None:
        told = Connection(lambda update: update.as_texts, self._take, lambda: None)
        with streams.connected(self._grant, told) as viewer:
            self.queue = viewer.queue
            return await streams.serve(viewer, self._grant)

    async def _take(self, text: str) -> None:
        await self.may_read.wait()
        self.told.append(json.loads(text))
        self._more.set()

    async def until(self, condition: Callable[["Watching"], bool]) -> None:
        async with asyncio.timeout(AWAIT_S):
            while not condition(self):
                self._more.clear()
                await self._more.wait()

    def entries(self, run: TrainingRun) -> list[int]:
        return [
            envelope["data"]["seq"]
            for envelope in self.told
            if envelope["event_type"] == "log" and envelope["training_run_id"] == str(run.public_id)
        ]

    def types(self) -> list[str]:
        return [envelope["event_type"] for envelope in self.told]


def streaming(scenario: Callable[[Streams], Awaitable[None]]) -> None:
    """Run the scenario, and end the streams and every connection that they had."""

    async def run() -> None:
        streams = Streams()
        try:
            await scenario(streams)
        finally:
            await streams.close()
            for threads in (database_threads.polling, database_threads.catching_up, database_threads.access):
                for _ in range(3):
                    await threads.run(connections.close_all)

    asyncio.run(run())
    notify.close()


async def do(action: Callable[[], Any]) -> Any:
    def act() -> Any:
        try:
            return action()
        finally:
            connections.close_all()

    return await asyncio.to_thread(act)


@pytest.fixture
def domain() -> Domain:
    return DomainFactory(name="medical")


@pytest.fixture
def run(domain: Domain) -> TrainingRun:
    made = TrainingRunFactory(domain=domain, run_number=1)
    send(made, *log_lines(1, 3))
    return made


def test_it_works(domain, run):
    async def scenario(streams: Streams) -> None:
        viewer = Watching(streams, run_id=run.id)
        await viewer.until(lambda v: v.entries(run) == [1, 2, 3])
        await do(lambda: send(run, CompleteEvent(n=4, message="done")))
        assert await asyncio.wait_for(viewer.over, AWAIT_S) is None
        assert viewer.entries(run) == [1, 2, 3, 4]
        assert viewer.types()[-1] == "completed"

    streaming(scenario)


def test_a_viewer_ahead_of_what_this_process_has_seen_is_told_nothing_twice(domain, run):
    """Another process told them more: they come here before its wake-up has."""

    async def scenario(streams: Streams) -> None:
        early = Watching(streams, run_id=run.id)
        await early.until(lambda v: len(v.entries(run)) == 3)
        await do(lambda: send(run, *log_lines(4, 500)))
        facts = await do(lambda: latest_run("medical"))
        start = Cursor.from_last_event_id("1.503").on(facts, is_over=False)
        ahead = Watching(streams, run_id=run.id, start=start)
        await do(lambda: send(run, *log_lines(504, 2)))
        await ahead.until(lambda v: 505 in v.entries(run))
        assert ahead.entries(run) == [504, 505]
        await early.until(lambda v: 505 in v.entries(run))
        assert early.entries(run) == list(range(1, 506))

    streaming(scenario)


def test_a_run_that_is_the_latest_again_goes_on_where_it_was_left(domain, run):
    """Somebody else's old run is sent afterwards: for a moment it was the newest."""

    async def scenario(streams: Streams) -> None:
        viewer = Watching(streams, domain_id=domain.id, run_id=run.id)
        await viewer.until(lambda v: v.entries(run) == [1, 2, 3])
        other = await do(lambda: TrainingRunFactory(domain=domain, run_number=2))
        await do(lambda: notify.notify_on_commit(domain.id, other.id))
        await viewer.until(lambda v: v.told[-1]["training_run_id"] == str(other.public_id))
        yesterday = run.created_at - timedelta(days=1)
        line = LogEvent(n=1, level="INFO", message="long ago", timestamp=yesterday)
        await do(lambda: send(other, line, sent_at=run.created_at))
        await do(lambda: send(run, *log_lines(4, 2)))
        await viewer.until(lambda v: 5 in v.entries(run))
        assert viewer.entries(run) == [1, 2, 3, 4, 5]

    streaming(scenario)


def test_when_the_latest_run_is_deleted_the_one_before_is_the_latest(domain, run):
    async def scenario(streams: Streams) -> None:
        other = await do(lambda: TrainingRunFactory(domain=domain, run_number=2, completed=True))
        viewer = Watching(streams, domain_id=domain.id, run_id=other.id)
        await viewer.until(lambda v: "completed" in v.types())
        await do(lambda: delete_run(other.public_id))
        await viewer.until(lambda v: v.entries(run) == [1, 2, 3])

    streaming(scenario)


def test_a_viewer_of_a_deleted_run_is_let_go(domain):
    ended = TrainingRunFactory(domain=domain, run_number=1, lost=True)

    async def scenario(streams: Streams) -> None:
        by_domain = Watching(streams, domain_id=domain.id, run_id=ended.id)
        await by_domain.until(lambda v: "failed" in v.types())
        by_run = Watching(streams, run_id=ended.id, start=ResumePoint(end_is_known=False))
        await by_run.until(lambda v: "failed" in v.types())
        await do(lambda: delete_run(ended.public_id))
        assert await asyncio.wait_for(by_run.over, AWAIT_S) is None
        assert not by_domain.over.done()

    streaming(scenario)


def test_a_slow_viewer_misses_nothing_and_holds_nobody_up(domain, run):
    async def scenario(streams: Streams) -> None:
        slow = Watching(streams, run_id=run.id)
        quick = Watching(streams, run_id=run.id)
        for viewer in (slow, quick):
            await viewer.until(lambda v: len(v.entries(run)) == 3)
        slow.may_read.clear()
        for n in range(4, 204, 20):
            lines = [LogEvent(n=n + i, level="INFO", message="x" * 5_000) for i in range(20)]
            await do(lambda lines=lines: send(run, *lines))
            await quick.until(lambda v, n=n: n + 19 in v.entries(run))
        assert slow.queue.overflowed
        slow.may_read.set()
        await slow.until(lambda v: 203 in v.entries(run))
        assert slow.entries(run) == quick.entries(run) == list(range(1, 204))

    streaming(scenario)


def test_a_viewer_who_has_gone_is_not_waited_for(domain, run):
    async def scenario(streams: Streams) -> None:
        viewer = Watching(streams, run_id=run.id)
        await viewer.until(lambda v: len(v.entries(run)) == 3)
        viewer.queue.close(GONE)
        assert await asyncio.wait_for(viewer.over, AWAIT_S) == GONE

    streaming(scenario)


def test_connections_that_were_ended_are_replaced_and_nothing_is_lost(domain, run):
    def end_connections() -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE pid <> pg_backend_pid() AND datname = current_database()"
            )

    async def scenario(streams: Streams) -> None:
        viewer = Watching(streams, domain_id=domain.id, run_id=run.id)
        await viewer.until(lambda v: len(v.entries(run)) == 3)
        await do(end_connections)
        await do(lambda: send(run, *log_lines(4, 2)))
        await viewer.until(lambda v: 5 in v.entries(run))
        assert viewer.entries(run) == [1, 2, 3, 4, 5]

    connections.close_all()  # the test's own is not to be among them
    streaming(scenario)
