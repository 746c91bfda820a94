"""Limits how often a client can read the whole log of a run, as one does that reconnects in a loop without a cursor."""

import time
from collections.abc import Callable
from typing import Final, NamedTuple

from training_status.access.principal import Credential
from training_status.live.viewer import Viewer

FREE_ENTRIES: Final = 200_000  # at once, before a client has to wait
ENTRIES_PER_S: Final = 5_000
LONGEST_WAIT_S: Final = 30.0  # of a log that is sent at ENTRIES_PER_S in that time; that of a longer log is that time


class Replay(NamedTuple):
    """Who reads the log of which run from its beginning."""

    credential: Credential
    address: str
    run_id: int


def replay_by(viewer: Viewer, run_id: int) -> Replay:
    """Return the replay of a run's log by a viewer."""
    return Replay(viewer.principal.credential, viewer.connection.address, run_id)


def longest_wait_s(entries: int) -> float:
    """Return the longest time that a client waits for a log of that many entries.

    A long log takes as long as at ENTRIES_PER_S, so no connection is sent more than that on average.
    """
    return max(LONGEST_WAIT_S, entries / ENTRIES_PER_S)


class ReplayLimit:
    """Counts the entries that each client has been sent of a run, less ENTRIES_PER_S since then.

    The first replay never waits, however long the log is. Clients with different addresses or credentials do not slow
    down each other. `clock` is in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._sent: dict[Replay, tuple[float, float]] = {}  # entries, and when that was counted
        self._next_purge = 0.0

    def __len__(self) -> int:
        return len(self._sent)

    def wait_s(self, replay: Replay, entries: int = 0) -> float:
        """Return how long the client must wait now before it is sent that many entries again."""
        sent = self._sent_lately(replay)
        wait_s = max(0.0, sent + entries - FREE_ENTRIES) / ENTRIES_PER_S if sent else 0.0
        return min(wait_s, longest_wait_s(entries))

    def count(self, replay: Replay, entries: int) -> None:
        """Count entries that the client is sent now."""
        now = self._clock()
        self._sent[replay] = self._sent_lately(replay) + entries, now
        if now >= self._next_purge:
            self._next_purge = now + LONGEST_WAIT_S
            self._sent = {one: counted for one, counted in self._sent.items() if self._sent_lately(one)}

    def _sent_lately(self, replay: Replay) -> float:
        entries, at = self._sent.get(replay, (0.0, 0.0))
        return max(0.0, entries - (self._clock() - at) * ENTRIES_PER_S)
