"""What an import tells, in order: what was refused while the file was read, then each domain with its runs."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID


class Refused(NamedTuple):
    """A line, a domain or a run that was not stored. `name` is how it is called, with its line."""

    name: str
    reason: str


class Skipped(NamedTuple):
    """A line that says the same as an earlier one."""

    name: str
    reason: str


class DomainTaken(NamedTuple):
    """A domain, followed by its runs. `notes` say what was changed; `keeps` that its old logs are removed soon."""

    name: str
    is_new: bool
    notes: list[str]
    keeps: str | None


class RunTaken(NamedTuple):
    """A run that was stored, or would be."""

    run_number: int
    public_id: UUID
    started_at: datetime
    entries: int
    notes: list[str]


class RunPresent(NamedTuple):
    """A run that was there already, as `name`. `is_outdated`: the file has its end, what is stored has not."""

    public_id: UUID
    name: str
    is_outdated: bool


Report = Refused | Skipped | DomainTaken | RunTaken | RunPresent
