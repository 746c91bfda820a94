"""One run, followed by one process for all its viewers."""

from datetime import datetime
from typing import Any

from training_status.live.status_changes import END_EVENTS, change_event, differs, has_started, is_over
from training_status.live.subscriber_queue import SubscriberQueue
from training_status.live.update import Envelope, Update, end_message, gap_message, log_messages, status_message
from training_status.read.run_facts import RunFacts
from training_status.read.run_updates import Position, RunUpdate
from training_status.run_states import RUNNING, SHOWN_STATUS
from training_status.serializers.envelope import PROGRESS_UPDATE, STARTED, status_of


class RunFollower:
    """What this process knows of a run: its facts, its status, and how far its log was told (`head_seq`).

    Viewers who have been told exactly up to `head_seq` are attached, and get every update. Those who
    are still catching up are only members: they are poked when the follower has seen the run first.
    """

    def __init__(self, run_id: int) -> None:
        self.run_id = run_id
        self.facts: RunFacts | None = None
        self.is_gone = False
        self.head_seq = 0
        self.members: set[SubscriberQueue] = set()
        self._attached: set[SubscriberQueue] = set()
        self._ahead: set[SubscriberQueue] = set()
        self.looks_begun = 0
        self._looks_done = 0
        self._status: dict[str, Any] = {}  # as it was told last

    def begin_look(self) -> Position | None:
        """A look begins. Where in the log: None for the first look, which reads no entries."""
        self.looks_begun += 1
        return None if self.facts is None else Position(self.head_seq)

    @property
    def is_over(self) -> bool:
        """Whether the run has ended, as far as has been told."""
        return self.facts is not None and is_over(self._status)

    def join(self, queue: SubscriberQueue) -> int:
        """A viewer wants to follow. They leave again in any case. The number of the look that is theirs to await."""
        self.members.add(queue)
        self._ahead.add(queue)
        return self.looks_begun + 1

    def has_looked(self, number: int, queue: SubscriberQueue) -> bool:
        """Whether that look has been; if not, the viewer is poked when one has."""
        if self._looks_done < number:
            self._ahead.add(queue)
        return self._looks_done >= number

    def leave(self, queue: SubscriberQueue) -> None:
        """A viewer does not follow any more."""
        self.members.discard(queue)
        self._attached.discard(queue)
        self._ahead.discard(queue)

    def attach(self, queue: SubscriberQueue, seq: int) -> bool:
        """Have a viewer who has been told up to `seq`, not less than the head, told everything from now on.

        False if they are ahead, as one who comes back may be: they are poked when the head has moved.
        """
        if seq > self.head_seq:
            self._ahead.add(queue)
            return False
        queue.empty()
        self._attached.add(queue)
        return True

    def detach(self, queue: SubscriberQueue) -> None:
        """The viewer has fallen behind, and catches up by reading."""
        self._attached.discard(queue)
        queue.empty()

    def has_ended(self) -> None:
        """The run does not exist any more."""
        self.is_gone = True
        self._wake_all()

    def advance(self, news: RunUpdate, now: datetime) -> bool:
        """Take what a look has found, and tell the attached viewers. True when there is more to read at once."""
        self._looks_done = self.looks_begun
        if self.facts is None:
            self.facts = news.facts
            self.head_seq = news.facts.last_seq
            self._status = status_of(news.facts, now)
            self._ahead.clear()
            self._wake_all()
            return False
        self.facts, lines = news.facts, news.lines
        envelopes: list[Envelope] = []
        status = status_of(news.facts, now)
        if has_started(status, self._status):
            envelopes.append(status_message(STARTED, news.facts, status, now))
            # What else has happened by now, a later phase or the end, is still to be told.
            self._status = status | {"status": SHOWN_STATUS[RUNNING], "current_step": self._status["current_step"]}
        envelopes += log_messages(news.facts, self.head_seq, lines, now)
        before_seq = self.head_seq
        if lines:
            self.head_seq = lines[-1].seq
        elif self.head_seq < news.facts.first_seq - 1:  # what came was taken out of the log before it was seen
            envelopes.append(gap_message(news.facts, news.facts.first_seq, now))
            self.head_seq = news.facts.first_seq - 1
        while self._ahead:
            self._ahead.pop().wake()
        is_behind = self.head_seq < news.facts.last_seq
        ends = False
        if not is_behind and differs(status, self._status):
            event_type, ends = change_event(status, self._status), is_over(status)
            envelopes.append((end_message if ends else status_message)(event_type, news.facts, status, now))
            self._status = status
        if envelopes:
            self._tell(Update(envelopes, last_seq=self.head_seq, ends=ends))
        return is_behind and self.head_seq > before_seq

    def snapshot(self, now: datetime, *, with_end: bool) -> Update:
        """The status as it is, for a viewer who has all entries up to the head; as the run's end, if they lack that."""
        assert self.facts is not None
        status = status_of(self.facts, now)
        if with_end:
            return Update([end_message(END_EVENTS[self._status["status"]], self.facts, status, now)], ends=True)
        return Update([status_message(PROGRESS_UPDATE, self.facts, status, now)])

    def first_snapshot(self, now: datetime, *, is_next: bool) -> Update:
        """The status as it is, for a viewer who has not read the log yet: no end, whatever it is.

        `is_next`: they come from the run before, and are told that this one has started.
        """
        assert self.facts is not None
        event_type = STARTED if is_next and self.facts.started_at is not None else PROGRESS_UPDATE
        return Update([status_message(event_type, self.facts, status_of(self.facts, now), now)])

    @property
    def status_told(self) -> object:
        """Stands for the status told last: another object when another was told."""
        return self._status

    def _tell(self, update: Update) -> None:
        for queue in self._attached:
            queue.put(update)

    def _wake_all(self) -> None:
        for queue in self.members:
            queue.wake()
