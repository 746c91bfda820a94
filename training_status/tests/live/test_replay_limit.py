"""How often one client is sent the whole log of a run."""

import pytest

from training_status.access.principal import TOKEN, Credential
from training_status.live.replay_limit import ENTRIES_PER_S, FREE_ENTRIES, LONGEST_WAIT_S, Replay, ReplayLimit

REPLAY = Replay(Credential(TOKEN, 1), "192.0.2.1", 7)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limit(clock: Clock) -> ReplayLimit:
    return ReplayLimit(clock)


def test_the_first_replay_never_waits(limit):
    assert limit.wait_s(REPLAY, 100 * FREE_ENTRIES) == 0


def test_short_logs_can_be_read_in_a_loop(limit, clock):
    for _ in range(1000):
        assert limit.wait_s(REPLAY, 1000) == 0
        limit.count(REPLAY, 1000)
        clock.now += 1


@pytest.mark.parametrize("entries", [100_000, 1_000_000, 100_000_000])
def test_a_loop_over_a_log_of_any_length_is_slowed_down_to_the_rate(limit, clock, entries):
    began_at, rounds = clock.now, 20
    for _ in range(rounds):
        clock.now += limit.wait_s(REPLAY, entries)
        limit.count(REPLAY, entries)
    allowed = FREE_ENTRIES + (clock.now - began_at) * ENTRIES_PER_S
    assert (rounds - 1) * entries <= allowed  # the first never waits


def test_no_wait_is_longer_than_the_longest(limit):
    for _ in range(50):
        limit.count(REPLAY, FREE_ENTRIES)
    assert limit.wait_s(REPLAY, 1) == LONGEST_WAIT_S
    assert limit.wait_s(REPLAY, 1_000_000) == 1_000_000 / ENTRIES_PER_S


def test_what_was_sent_is_forgotten_with_time(limit, clock):
    limit.count(REPLAY, 2 * FREE_ENTRIES)
    assert limit.wait_s(REPLAY, 1) > 0
    clock.now += 2 * FREE_ENTRIES / ENTRIES_PER_S
    assert limit.wait_s(REPLAY, 100 * FREE_ENTRIES) == 0


@pytest.mark.parametrize(
    "other",
    [
        REPLAY._replace(credential=Credential(TOKEN, 2)),
        REPLAY._replace(address="192.0.2.2"),
        REPLAY._replace(run_id=8),
    ],
    ids=["credential", "address", "run"],
)
def test_others_do_not_wait(limit, other):
    limit.count(REPLAY, 10 * FREE_ENTRIES)
    assert limit.wait_s(other, FREE_ENTRIES) == 0


def test_it_keeps_no_client_for_ever(limit, clock):
    for run_id in range(100):
        limit.count(REPLAY._replace(run_id=run_id), 1)
    clock.now += 2 * LONGEST_WAIT_S
    limit.count(REPLAY, 1)
    assert len(limit) == 1
