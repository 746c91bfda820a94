"""The follower of one run: the state that all viewers of the run in this process share."""

from datetime import datetime
from typing import Any

from training_status.live.status_changes import END_EVENTS, change_event, differs, has_started, is_over
from training_status.live.subscriber_queue import SubscriberQueue
from training_status.live.update import (
    Envelope,
    Update,
    end_message,
    finding_messages,
    gap_message,
    log_messages,
    status_message,
)
from training_status.read.run_facts import RunFacts
from training_status.read.run_updates import Found, Position, RunUpdate
from training_status.run_states import RUNNING, SHOWN_STATUS
from training_status.serializers.envelope import status_of
from training_status.serializers.event_types import PROGRESS_UPDATE, STARTED


class RunFollower:
    """A run's facts, its status, and the last log entry that was sent to attached viewers (`head_seq`).

    Viewers that have received exactly the entries up to `head_seq` are attached and get every update. Viewers
    that are still catching up are only members; they are woken by the first poll.
    """

    def __init__(self, run_id: int) -> None:
        self.run_id = run_id
        self.facts: RunFacts | None = None
        self.is_deleted = False
        self.head_seq = 0
        self.members: set[SubscriberQueue] = set()
        self._attached: set[SubscriberQueue] = set()
        self._ahead: set[SubscriberQueue] = set()
        self.polls_begun = 0
        self._polls_done = 0
        self._status: dict[str, Any] = {}  # as it was sent last
        self._found = Found(0, 0)  # candidates and evaluations that were sent, or were there at the first poll

    def begin_poll(self) -> Position | None:
        """Begin a poll. Return the position in the log to read after; None for the first poll, which reads no log."""
        self.polls_begun += 1
        return None if self.facts is None else Position(self.head_seq, found=self._found)

    @property
    def is_over(self) -> bool:
        """Whether the run has ended, by the status that was sent last."""
        return self.facts is not None and is_over(self._status)

    def join(self, queue: SubscriberQueue) -> int:
        """Add a viewer and return the number of the poll to wait for. The caller must call `leave` in the end."""
        self.members.add(queue)
        self._ahead.add(queue)
        return self.polls_begun + 1

    def has_been_polled(self, number: int, queue: SubscriberQueue) -> bool:
        """Whether that poll is done. If not, the viewer is woken by the next one."""
        if self._polls_done < number:
            self._ahead.add(queue)
        return self._polls_done >= number

    def leave(self, queue: SubscriberQueue) -> None:
        """Remove a viewer."""
        self.members.discard(queue)
        self._attached.discard(queue)
        self._ahead.discard(queue)

    def attach(self, queue: SubscriberQueue, seq: int) -> bool:
        """Attach a viewer that has all entries up to `seq`, which is at least `head_seq`: it gets every update.

        Return False if the viewer is ahead of the follower, as after a reconnect. It is woken when the head moves.
        """
        if seq > self.head_seq:
            self._ahead.add(queue)
            return False
        queue.empty()
        self._attached.add(queue)
        return True

    def detach(self, queue: SubscriberQueue) -> None:
        """Detach a viewer that has fallen behind: it catches up by reading the database."""
        self._attached.discard(queue)
        queue.empty()

    def mark_deleted(self) -> None:
        """Note that the run was deleted, and wake the viewers."""
        self.is_deleted = True
        self._wake_all()

    def advance(self, update: RunUpdate, now: datetime) -> bool:
        """Store the result of a poll and send it to the attached viewers. Return True if more must be read."""
        self._polls_done = self.polls_begun
        if self.facts is None:
            self.facts = update.facts
            self.head_seq = update.facts.last_seq
            self._found = Found(update.facts.candidate_count, update.facts.evaluation_count)
            self._status = status_of(update.facts, now)
            self._ahead.clear()
            self._wake_all()
            return False
        self.facts, lines = update.facts, update.lines
        envelopes: list[Envelope] = []
        status = status_of(update.facts, now)
        if has_started(status, self._status):
            envelopes.append(status_message(STARTED, update.facts, status, now))
            # A later phase or the end, if it has come already, is sent after this.
            self._status = status | {"status": SHOWN_STATUS[RUNNING], "current_step": self._status["current_step"]}
        envelopes += log_messages(update.facts, self.head_seq, lines, now)
        before_seq = self.head_seq
        if lines:
            self.head_seq = lines[-1].seq
        elif self.head_seq < update.facts.first_seq - 1:  # the new entries were pruned before they were read
            envelopes.append(gap_message(update.facts, update.facts.first_seq, now))
            self.head_seq = update.facts.first_seq - 1
        while self._ahead:
            self._ahead.pop().wake()
        envelopes += finding_messages(update.facts, update.candidates, update.evaluations)
        self._found = Found(
            self._found.candidates + len(update.candidates), self._found.evaluations + len(update.evaluations)
        )
        has_more = self._found != Found(update.facts.candidate_count, update.facts.evaluation_count)
        is_behind = self.head_seq < update.facts.last_seq or has_more
        ends = False
        if not is_behind and differs(status, self._status):
            event_type, ends = change_event(status, self._status), is_over(status)
            envelopes.append((end_message if ends else status_message)(event_type, update.facts, status, now))
            self._status = status
        if envelopes:
            self._send(Update(envelopes, last_seq=self.head_seq, ends=ends))
        return is_behind and (self.head_seq > before_seq or has_more)

    def snapshot(self, now: datetime, *, with_end: bool) -> Update:
        """Return the current status for a viewer that has all entries up to the head; `with_end`: as the run's end."""
        assert self.facts is not None
        status = status_of(self.facts, now)
        if with_end:
            return Update([end_message(END_EVENTS[self._status["status"]], self.facts, status, now)], ends=True)
        return Update([status_message(PROGRESS_UPDATE, self.facts, status, now)])

    def first_snapshot(self, now: datetime, *, is_next: bool) -> Update:
        """Return the current status for a viewer that has not read the log yet. It is never sent as the run's end.

        `is_next`: the viewer followed the previous run, so this one is announced as started.
        """
        assert self.facts is not None
        event_type = STARTED if is_next and self.facts.started_at is not None else PROGRESS_UPDATE
        return Update([status_message(event_type, self.facts, status_of(self.facts, now), now)])

    @property
    def sent_status(self) -> object:
        """The status that was sent last, to be compared by identity: each new status is a new object."""
        return self._status

    def _send(self, update: Update) -> None:
        for queue in self._attached:
            queue.put(update)

    def _wake_all(self) -> None:
        for queue in self.members:
            queue.wake()
