"""The broadcaster of a process: notifications wake it, it polls the database, and it passes updates to followers."""

import asyncio
import logging
from collections.abc import Iterable
from datetime import datetime
from typing import Final, NamedTuple

from django.utils import timezone

from training_status.change_notifications.channel import RunChanged
from training_status.change_notifications.listener import Listener
from training_status.live.catch_up_cache import CatchUpCache
from training_status.live.database_threads import polling
from training_status.live.domain_follower import DomainFollower
from training_status.live.overview import Overview
from training_status.live.replay_limit import ReplayLimit
from training_status.live.run_follower import RunFollower
from training_status.live.subscriber_queue import FAILED
from training_status.read.domains import all_domain_ids
from training_status.read.run_facts import RunFacts, latest_runs
from training_status.read.run_updates import LatestRun, Position, RunUpdate, latest_run_keys, updates_of_runs

logger = logging.getLogger(__name__)

POLL_INTERVAL_S: Final = 5.0  # in case a notification is lost; also the delay for changes that only time causes
_RUNS_PER_POLL: Final = 100
_CHECKS_PER_POLL: Final = 20  # few, so that notified changes do not wait long
_RUNS_PER_TURN: Final = 10
_MANY_ENTRIES: Final = 20
_DOMAINS_PER_POLL: Final = 500


class _PollRequest(NamedTuple):
    """What one poll of the database reads. `overview` is None for all domains."""

    runs: dict[int, Position | None]
    domains: list[int]
    overview: list[int] | None


class _PollResult(NamedTuple):
    runs: dict[int, RunUpdate]
    domains: dict[int, LatestRun | None]
    overview_domains: list[int]
    overview: dict[int, RunFacts]


class Broadcaster:
    """Polls the database for the followed runs and domains, and delivers updates to their followers.

    Runs in the event loop; only the polls run in a thread.
    """

    def __init__(self) -> None:
        self.overview = Overview()
        self.catch_up_cache = CatchUpCache()
        self.replay_limit = ReplayLimit()
        self._runs: dict[int, RunFollower] = {}
        self._domains: dict[int, DomainFollower] = {}
        self._runs_to_read: set[int] = set()
        self._runs_to_check: set[int] = set()  # in polls that have room left
        self._domains_to_read: set[int] = set()
        self._overview_to_read: set[int] = set()
        self._whole_overview_to_read = False
        # Domains whose latest run has changed, by the previous run. They switch when its updates have been delivered.
        self._pending_switches: dict[int, list[tuple[DomainFollower, LatestRun | None]]] = {}
        self._awake = asyncio.Event()

    async def run(self) -> None:
        """Listen for notifications, poll, and deliver, until cancelled."""
        listener = Listener(self._on_notifications, self._poll_all)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(listener.run(), name="listener")
            tasks.create_task(self._poll_regularly(), name="regular poll")
            tasks.create_task(self._read(), name="reader")

    def run_follower(self, run_id: int) -> RunFollower:
        """Return the follower of a run. Join it at once: a follower without members is dropped."""
        follower = self._runs.get(run_id)
        if follower is None:
            follower = self._runs[run_id] = RunFollower(run_id)
        return follower

    def request_poll(self, run_id: int) -> None:
        """Poll the run soon, for a viewer that has just joined: its first data is never older than its request."""
        self._runs_to_read.add(run_id)
        self._awake.set()

    def domain_follower(self, domain_id: int) -> DomainFollower:
        """Return the follower of a domain. Join it at once: a follower without members is dropped."""
        follower = self._domains.get(domain_id)
        if follower is None:
            follower = self._domains[domain_id] = DomainFollower(domain_id)
            self._domains_to_read.add(domain_id)
            self._awake.set()
        return follower

    def watch_overview(self) -> None:
        """Poll the overview if it has not been read. Call this after a viewer has joined it."""
        if not self.overview.is_known:
            self._whole_overview_to_read = True
            self._awake.set()

    def _on_notifications(self, update: Iterable[RunChanged]) -> None:
        for domain_id, run_id in update:
            if run_id in self._runs:
                self._runs_to_read.add(run_id)
            domain = self._domains.get(domain_id)
            if domain is not None and (domain.latest is None or domain.latest.run_id != run_id):
                self._domains_to_read.add(domain_id)
            if self.overview.is_watched:
                self._overview_to_read.add(domain_id)
        self._awake.set()

    def _poll_all(self) -> None:
        for domain_id in [domain_id for domain_id, domain in self._domains.items() if not domain.members]:
            del self._domains[domain_id]
        self._runs_to_check.update(self._runs)
        self._domains_to_read.update(self._domains)
        self._whole_overview_to_read = self.overview.is_watched
        self._awake.set()

    async def _poll_regularly(self) -> None:
        while True:
            await asyncio.sleep(POLL_INTERVAL_S)
            self._poll_all()

    async def _read(self) -> None:
        while True:
            await self._awake.wait()
            self._awake.clear()
            request = self._next_request()
            found = await polling.run_until_reachable(_poll, request)
            await self._deliver(request, found)

    def _next_request(self) -> _PollRequest:
        """Return what to read now. What exceeds the limits of a poll is left for the next one."""
        due = _some(self._runs_to_read, _RUNS_PER_POLL)
        due += _some(self._runs_to_check, _CHECKS_PER_POLL - len(due))
        runs = {run_id: self._runs[run_id].begin_poll() for run_id in due if run_id in self._runs}
        domains = _some(self._domains_to_read, _DOMAINS_PER_POLL)
        overview: list[int] | None = _some(self._overview_to_read, _DOMAINS_PER_POLL)
        if self._whole_overview_to_read:
            self._whole_overview_to_read, overview = False, None
        if self._runs_to_read or self._runs_to_check or self._domains_to_read or self._overview_to_read:
            self._awake.set()
        return _PollRequest(runs, domains, overview)

    async def _deliver(self, request: _PollRequest, found: _PollResult) -> None:
        now = timezone.now()
        for count, run_id in enumerate(request.runs, 1):
            update = found.runs.get(run_id)
            if run_id in self._runs and self._deliver_run(run_id, update, now):
                self._switch_domains(run_id)
            if count % _RUNS_PER_TURN == 0 or (update is not None and len(update.lines) > _MANY_ENTRIES):
                await asyncio.sleep(0)  # let other tasks of the event loop run
        for domain_id in request.domains:
            if domain_id in self._domains:
                self._deliver_domain(domain_id, found.domains)
        if self.overview.is_watched:
            self.overview.advance(found.overview_domains, found.overview, now, is_whole=request.overview is None)

    def _deliver_run(self, run_id: int, update: RunUpdate | None, now: datetime) -> bool:
        """Deliver a run's update. Return False if more of the run must be read before viewers switch to another run."""
        follower = self._runs[run_id]
        if not follower.members:
            del self._runs[run_id]
        elif update is None:
            self._end_run(follower)
        else:
            try:
                return self._advance(follower, update, now)
            except Exception:  # one run must not stop the others
                logger.exception("Updates of run %s cannot be delivered: its streams are closed.", run_id)
                for queue in follower.members:
                    queue.close(FAILED)
                self._end_run(follower)
        return True

    def _advance(self, follower: RunFollower, update: RunUpdate, now: datetime) -> bool:
        started_before = follower.facts and follower.facts.started_at
        is_behind = follower.advance(update, now)
        if is_behind:
            self._runs_to_read.add(follower.run_id)
            self._awake.set()
        if started_before != update.facts.started_at and update.facts.domain_id in self._domains:
            self._domains_to_read.add(update.facts.domain_id)  # the latest run is the one that started last
            self._awake.set()
        return not is_behind

    def _end_run(self, follower: RunFollower) -> None:
        follower.mark_deleted()
        del self._runs[follower.run_id]
        self._domains_to_read.update(self._domains)  # its domain may have another latest run now
        self._awake.set()

    def _switch_domains(self, run_id: int) -> None:
        """Switch domains to their new latest run, now that all updates of the previous one have been delivered."""
        for domain, latest in self._pending_switches.pop(run_id, ()):
            domain.advance(latest)

    def _deliver_domain(self, domain_id: int, found: dict[int, LatestRun | None]) -> None:
        domain = self._domains[domain_id]
        if domain_id not in found:
            del self._domains[domain_id]
            domain.mark_deleted()
            return
        latest, before = found[domain_id], domain.latest
        if before is None or before.run_id not in self._runs or latest == before:
            domain.advance(latest)
        else:  # poll the previous run once more: its last updates come first
            self._pending_switches.setdefault(before.run_id, []).append((domain, latest))
            self._runs_to_read.add(before.run_id)
            self._awake.set()


def _poll(request: _PollRequest) -> _PollResult:
    """Read what a poll asks for, with one query for each kind of data."""
    overview_domains = all_domain_ids() if request.overview is None else request.overview
    return _PollResult(
        updates_of_runs(request.runs) if request.runs else {},
        latest_run_keys(request.domains) if request.domains else {},
        overview_domains,
        latest_runs(overview_domains) if overview_domains else {},
    )


def _some(due: set[int], most: int) -> list[int]:
    """Remove up to `most` elements from `due` and return them."""
    return [due.pop() for _ in range(min(max(0, most), len(due)))]
