"""Where a viewer comes in: from the beginning, or back to where they were."""

import re
from typing import Final, NamedTuple, Self

from training_status.read.run_facts import RunFacts

_LAST_EVENT_ID: Final = re.compile(r"([0-9]{1,18})\.(?:([0-9]{1,18})|end(?:\.([0-9]{1,18}))?)", re.ASCII)


class ResumePoint(NamedTuple):
    """How a viewer is brought up to date: the log from after `seq`, with the status before or after it or both.

    `end_is_known`: they were told the end, and nothing has happened since. `is_next`: they have followed the
    domain before this run was there.
    """

    seq: int = 0
    status_first: bool = True
    status_after: bool = False
    end_is_known: bool = False
    is_next: bool = False


class Cursor(NamedTuple):
    """The last message that a viewer has seen, as they say it.

    `after_seq` None and not `end`: a new viewer. `run_number` None: of whatever run is followed.
    `end` with an `after_seq`: an end of a run that had gone on after an earlier one.
    """

    run_number: int | None = None
    after_seq: int | None = None
    end: bool = False

    @classmethod
    def from_last_event_id(cls, text: str) -> Self:
        """`N.SEQ`, `N.end` or `N.end.SEQ` of run N; anything else is no cursor of ours, and counts as none."""
        parts = _LAST_EVENT_ID.fullmatch(text)
        if parts is None:
            return cls()
        seq = parts[2] or parts[3]
        return cls(int(parts[1]), None if seq is None else int(seq), end=parts[2] is None)

    def on(self, run: RunFacts, *, is_over: bool) -> ResumePoint:
        """What this cursor means for the run as it is. One of another run, or beyond the log, counts as none."""
        if self.end and self.run_number == run.run_number:
            return self._after_an_end(run, is_over=is_over)
        if self.after_seq is None or self.run_number not in (None, run.run_number):
            return ResumePoint()
        if self.run_number is None:
            return ResumePoint(min(self.after_seq, run.last_seq), status_after=True)
        return (
            ResumePoint()
            if self.after_seq > run.last_seq
            else ResumePoint(self.after_seq, status_first=False, status_after=True)
        )

    def _after_an_end(self, run: RunFacts, *, is_over: bool) -> ResumePoint:
        """Where to go on after an end: it may have been a provisional one, and the run has gone on since."""
        if run.given_up_seq is None:
            known = is_over and self.after_seq in (None, run.last_seq)
            return (
                ResumePoint(run.last_seq, status_first=False, status_after=True, end_is_known=True)
                if known
                else ResumePoint()
            )
        known = is_over and self.after_seq == run.last_seq
        seq = run.given_up_seq if self.after_seq is None else min(self.after_seq, run.last_seq)
        return ResumePoint(seq, status_first=False, status_after=True, end_is_known=known)
