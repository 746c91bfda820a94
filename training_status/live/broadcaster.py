"""All that is followed in this process: woken by news, read in one look, handed to the followers."""

import asyncio
import logging
from collections.abc import Iterable
from datetime import datetime
from typing import Final, NamedTuple

from django.utils import timezone

from training_status.change_notifications.channel import RunChanged
from training_status.change_notifications.listener import Listener
from training_status.live.catch_up_cache import CatchUpCache
from training_status.live.database_threads import looking
from training_status.live.domain_follower import DomainFollower
from training_status.live.overview import Overview
from training_status.live.run_follower import RunFollower
from training_status.live.subscriber_queue import FAILED
from training_status.read.domains import all_domain_ids
from training_status.read.run_facts import RunFacts, latest_runs
from training_status.read.run_updates import LatestRun, Position, RunUpdate, latest_run_keys, updates_of_runs

logger = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 5.0  # by itself, should a wake-up be lost; what only time changes shows as late as this
_RUNS_IN_A_LOOK: Final = 100
_CHECKS_IN_A_LOOK: Final = 20  # few, so that news does not wait for long
_RUNS_IN_A_TURN: Final = 10
_MANY_LINES: Final = 20
_DOMAINS_IN_A_LOOK: Final = 500


class _Wanted(NamedTuple):
    """What one look at the database is to find; `overview` None: all domains."""

    runs: dict[int, Position | None]
    domains: list[int]
    overview: list[int] | None


class _Found(NamedTuple):
    runs: dict[int, RunUpdate]
    domains: dict[int, LatestRun | None]
    overview_domains: list[int]
    overview: dict[int, RunFacts]


class Broadcaster:
    """The followers of this process. Everything here happens in the event loop, but the looks at the database."""

    def __init__(self) -> None:
        self.overview = Overview()
        self.slices = CatchUpCache()
        self._runs: dict[int, RunFollower] = {}
        self._domains: dict[int, DomainFollower] = {}
        self._runs_to_read: set[int] = set()
        self._runs_to_check: set[int] = set()  # when there is nothing better to do
        self._domains_to_read: set[int] = set()
        self._overview_to_read: set[int] = set()
        self._whole_overview_to_read = False
        # Domains that have a newer run, by the run that their viewers are told of until then.
        self._moves: dict[int, list[tuple[DomainFollower, LatestRun | None]]] = {}
        self._awake = asyncio.Event()

    async def run(self) -> None:
        """Listen, look and hand over, until cancelled."""
        listener = Listener(self._heard, self._look_at_everything)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(listener.run(), name="listener")
            tasks.create_task(self._look_regularly(), name="regular look")
            tasks.create_task(self._read(), name="reader")

    def run_follower(self, run_id: int) -> RunFollower:
        """The follower of a run. Join it at once: one that nobody has joined is dropped."""
        follower = self._runs.get(run_id)
        if follower is None:
            follower = self._runs[run_id] = RunFollower(run_id)
        return follower

    def look_at_run(self, run_id: int) -> None:
        """Have the run read soon, for a viewer who has just joined: what they see is never older than their coming."""
        self._runs_to_read.add(run_id)
        self._awake.set()

    def domain_follower(self, domain_id: int) -> DomainFollower:
        """The follower of a domain. Join it at once: one that nobody has joined is dropped."""
        follower = self._domains.get(domain_id)
        if follower is None:
            follower = self._domains[domain_id] = DomainFollower(domain_id)
            self._domains_to_read.add(domain_id)
            self._awake.set()
        return follower

    def watch_overview(self) -> None:
        """Somebody has joined the overview: have it read if it is not known."""
        if not self.overview.is_known:
            self._whole_overview_to_read = True
            self._awake.set()

    def _heard(self, news: Iterable[RunChanged]) -> None:
        for domain_id, run_id in news:
            if run_id in self._runs:
                self._runs_to_read.add(run_id)
            domain = self._domains.get(domain_id)
            if domain is not None and (domain.latest is None or domain.latest.run_id != run_id):
                self._domains_to_read.add(domain_id)
            if self.overview.is_watched:
                self._overview_to_read.add(domain_id)
        self._awake.set()

    def _look_at_everything(self) -> None:
        for domain_id in [domain_id for domain_id, domain in self._domains.items() if not domain.members]:
            del self._domains[domain_id]
        self._runs_to_check.update(self._runs)
        self._domains_to_read.update(self._domains)
        self._whole_overview_to_read = self.overview.is_watched
        self._awake.set()

    async def _look_regularly(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            self._look_at_everything()

    async def _read(self) -> None:
        while True:
            await self._awake.wait()
            self._awake.clear()
            wanted = self._wanted()
            found = await looking.ask_until_answered(_poll, wanted)
            await self._hand_over(wanted, found)

    def _wanted(self) -> _Wanted:
        """What is to be read now. More than one look should take is left for the next."""
        due = _some(self._runs_to_read, _RUNS_IN_A_LOOK)
        due += _some(self._runs_to_check, _CHECKS_IN_A_LOOK - len(due))
        runs = {run_id: self._runs[run_id].begin_look() for run_id in due if run_id in self._runs}
        domains = _some(self._domains_to_read, _DOMAINS_IN_A_LOOK)
        overview: list[int] | None = _some(self._overview_to_read, _DOMAINS_IN_A_LOOK)
        if self._whole_overview_to_read:
            self._whole_overview_to_read, overview = False, None
        if self._runs_to_read or self._runs_to_check or self._domains_to_read or self._overview_to_read:
            self._awake.set()
        return _Wanted(runs, domains, overview)

    async def _hand_over(self, wanted: _Wanted, found: _Found) -> None:
        now = timezone.now()
        for count, run_id in enumerate(wanted.runs, 1):
            news = found.runs.get(run_id)
            if run_id in self._runs and self._hand_over_run(run_id, news, now):
                self._move_on(run_id)
            if count % _RUNS_IN_A_TURN == 0 or (news is not None and len(news.lines) > _MANY_LINES):
                await asyncio.sleep(0)  # that took a while: others' turn
        for domain_id in wanted.domains:
            if domain_id in self._domains:
                self._hand_over_domain(domain_id, found.domains)
        if self.overview.is_watched:
            self.overview.advance(found.overview_domains, found.overview, now, is_whole=wanted.overview is None)

    def _hand_over_run(self, run_id: int, news: RunUpdate | None, now: datetime) -> bool:
        """False when there is more of the run to be read before anything else is told."""
        follower = self._runs[run_id]
        if not follower.members:
            del self._runs[run_id]
        elif news is None:
            self._end_run(follower)
        else:
            try:
                return self._advance(follower, news, now)
            except Exception:  # a run that cannot be told of must not keep the others from being told of
                logger.exception("Run %s cannot be told of: its viewers are let go.", run_id)
                for queue in follower.members:
                    queue.close(FAILED)
                self._end_run(follower)
        return True

    def _advance(self, follower: RunFollower, news: RunUpdate, now: datetime) -> bool:
        started_before = follower.facts and follower.facts.started_at
        is_behind = follower.advance(news, now)
        if is_behind:
            self._runs_to_read.add(follower.run_id)
            self._awake.set()
        if started_before != news.facts.started_at and news.facts.domain_id in self._domains:
            self._domains_to_read.add(news.facts.domain_id)  # the latest run is the one that started last
            self._awake.set()
        return not is_behind

    def _end_run(self, follower: RunFollower) -> None:
        follower.has_ended()
        del self._runs[follower.run_id]
        self._domains_to_read.update(self._domains)  # the latest of its domain may be another one now
        self._awake.set()

    def _move_on(self, run_id: int) -> None:
        """Everything of the run has been told: on to what follows it."""
        for domain, latest in self._moves.pop(run_id, ()):
            domain.advance(latest)

    def _hand_over_domain(self, domain_id: int, found: dict[int, LatestRun | None]) -> None:
        domain = self._domains[domain_id]
        if domain_id not in found:
            del self._domains[domain_id]
            domain.has_ended()
            return
        latest, before = found[domain_id], domain.latest
        if before is None or before.run_id not in self._runs or latest == before:
            domain.advance(latest)
        else:  # what has happened to the run before comes first: it is read once more
            self._moves.setdefault(before.run_id, []).append((domain, latest))
            self._runs_to_read.add(before.run_id)
            self._awake.set()


def _poll(wanted: _Wanted) -> _Found:
    """What the database has of all that, in as few queries as there are kinds."""
    overview_domains = all_domain_ids() if wanted.overview is None else wanted.overview
    return _Found(
        updates_of_runs(wanted.runs) if wanted.runs else {},
        latest_run_keys(wanted.domains) if wanted.domains else {},
        overview_domains,
        latest_runs(overview_domains) if overview_domains else {},
    )


def _some(due: set[int], most: int) -> list[int]:
    """Take up to `most` out of `due`."""
    return [due.pop() for _ in range(min(max(0, most), len(due)))]
