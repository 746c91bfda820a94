"""Inboxes: bounded, in order, and quick to let a viewer go."""

import asyncio

import pytest

from training_status.live.subscriber_queue import GONE, NO_ACCESS, Closed, SubscriberQueue
from training_status.live.update import Envelope, Update


def update(size_bytes: int = 10) -> Update:
    return Update([Envelope(None, b"x" * size_bytes)])


def test_updates_come_in_order():
    queue, first, second = SubscriberQueue(), update(), update()
    queue.put(first)
    queue.put(second)
    assert [queue.take(), queue.take(), queue.take()] == [first, second, None]


def test_a_full_inbox_keeps_nothing_and_says_so():
    queue = SubscriberQueue()
    for _ in range(30):
        queue.put(update(10_000))
    assert queue.overflowed
    queue.empty()
    assert queue.take() is None
    assert not queue.overflowed


def test_one_update_fits_however_large_it_is():
    queue, large = SubscriberQueue(), update(10_000_000)
    queue.put(large)
    assert not queue.overflowed
    assert queue.take() is large


def test_a_closed_inbox_tells_nothing_more_and_keeps_its_first_reason():
    queue = SubscriberQueue()
    queue.put(update())
    queue.close(NO_ACCESS)
    queue.close(GONE)
    with pytest.raises(Closed) as closed:
        queue.take()
    assert closed.value.reason == NO_ACCESS


def test_waiting_ends_with_an_update_a_poke_or_the_close():
    async def scenario() -> None:
        queue = SubscriberQueue()
        for end_it in (lambda: queue.put(update()), queue.wake):
            waiting = asyncio.ensure_future(queue.wait())
            await asyncio.sleep(0)
            assert not waiting.done()
            end_it()
            await asyncio.wait_for(waiting, 5)
            queue.empty()
        waiting = asyncio.ensure_future(queue.wait())
        await asyncio.sleep(0)
        queue.close(GONE)
        with pytest.raises(Closed):
            await asyncio.wait_for(waiting, 5)

    asyncio.run(scenario())
