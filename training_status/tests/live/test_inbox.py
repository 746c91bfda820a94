"""Inboxes: bounded, in order, and quick to let a viewer go."""

import asyncio

import pytest

from training_status.live.inbox import GONE, NO_ACCESS, Closed, Inbox
from training_status.live.update import Envelope, Update


def update(size_bytes: int = 10) -> Update:
    return Update([Envelope(None, b"x" * size_bytes)])


def test_updates_come_in_order():
    inbox, first, second = Inbox(), update(), update()
    inbox.put(first)
    inbox.put(second)
    assert [inbox.take(), inbox.take(), inbox.take()] == [first, second, None]


def test_a_full_inbox_keeps_nothing_and_says_so():
    inbox = Inbox()
    for _ in range(30):
        inbox.put(update(10_000))
    assert inbox.overflowed
    inbox.empty()
    assert inbox.take() is None
    assert not inbox.overflowed


def test_one_update_fits_however_large_it_is():
    inbox, large = Inbox(), update(10_000_000)
    inbox.put(large)
    assert not inbox.overflowed
    assert inbox.take() is large


def test_a_closed_inbox_tells_nothing_more_and_keeps_its_first_reason():
    inbox = Inbox()
    inbox.put(update())
    inbox.close(NO_ACCESS)
    inbox.close(GONE)
    with pytest.raises(Closed) as closed:
        inbox.take()
    assert closed.value.reason == NO_ACCESS


def test_waiting_ends_with_an_update_a_poke_or_the_close():
    async def scenario() -> None:
        inbox = Inbox()
        for end_it in (lambda: inbox.put(update()), inbox.poke):
            waiting = asyncio.ensure_future(inbox.wait())
            await asyncio.sleep(0)
            assert not waiting.done()
            end_it()
            await asyncio.wait_for(waiting, 5)
            inbox.empty()
        waiting = asyncio.ensure_future(inbox.wait())
        await asyncio.sleep(0)
        inbox.close(GONE)
        with pytest.raises(Closed):
            await asyncio.wait_for(waiting, 5)

    asyncio.run(scenario())
