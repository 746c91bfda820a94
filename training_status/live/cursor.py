"""Where a stream begins: at the start of the log, or after the last message that the client has received."""

import re
from typing import Final, NamedTuple, Self

from training_status.read.run_facts import RunFacts

_LAST_EVENT_ID: Final = re.compile(r"([0-9]{1,18})\.(?:([0-9]{1,18})|end(?:\.([0-9]{1,18}))?)", re.ASCII)


class ResumePoint(NamedTuple):
    """How to bring a viewer up to date: send the log after `seq`, with the status before it, after it, or both.

    `end_is_known`: the viewer has received the end, and nothing has happened since. `is_next`: the viewer
    followed the domain before this run existed.
    """

    seq: int = 0
    status_first: bool = True
    status_after: bool = False
    end_is_known: bool = False
    is_next: bool = False


class Cursor(NamedTuple):
    """The last message that a client has received, as the client states it.

    `after_seq` None without `end`: a new viewer. `run_number` None: of the run that is followed.
    `end` with an `after_seq`: the end of a run that had resumed after an earlier, provisional end.
    """

    run_number: int | None = None
    after_seq: int | None = None
    end: bool = False

    @classmethod
    def from_last_event_id(cls, text: str) -> Self:
        """Parse `N.SEQ`, `N.end` or `N.end.SEQ` of run N. Anything else counts as no cursor."""
        parts = _LAST_EVENT_ID.fullmatch(text)
        if parts is None:
            return cls()
        seq = parts[2] or parts[3]
        return cls(int(parts[1]), None if seq is None else int(seq), end=parts[2] is None)

    def on(self, run: RunFacts, *, is_over: bool) -> ResumePoint:
        """Return where this cursor resumes in the run. A cursor of another run or beyond the log counts as none."""
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
        """Return where to resume after an end, which may have been provisional: the run may have resumed since."""
        if run.resumed_at_seq is None:
            known = is_over and self.after_seq in (None, run.last_seq)
            return (
                ResumePoint(run.last_seq, status_first=False, status_after=True, end_is_known=True)
                if known
                else ResumePoint()
            )
        known = is_over and self.after_seq == run.last_seq
        seq = run.resumed_at_seq if self.after_seq is None else min(self.after_seq, run.last_seq)
        return ResumePoint(seq, status_first=False, status_after=True, end_is_known=known)
