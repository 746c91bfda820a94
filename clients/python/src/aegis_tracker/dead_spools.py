"""Sends what processes left behind that are gone: the rest of their reports, and the end they could not tell.

The lock of a spool says whether its process lives, and keeps two senders from the same one.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path

from aegis_tracker.contract_values import time_now
from aegis_tracker.delivery import Delivery, RefusedError, TryLaterError
from aegis_tracker.notices import Notices
from aegis_tracker.spool import Spool
from aegis_tracker.spool_files import NEW_SUFFIX, has_moved, lock, unlock
from aegis_tracker.spool_opening import adopt_spool, append_end
from aegis_tracker.spool_reader import Place
from aegis_tracker.spool_records import ARRIVED_TYPE, REFUSED_TYPE, line_of
from aegis_tracker.transport import Transport

CLOSED_KEPT_S = 7 * 24 * 3600.0  # a run that was closed without an end may be continued for so long
NO_END = "The training's process ended without reporting an end; this was found out from its spool."

WaitAfter = Callable[[TryLaterError | None], bool]


class Outcome(Enum):
    """What became of a spool."""

    SENT = "sent"
    KEPT = "sent, kept to be continued"
    WAITING = "waiting"
    REFUSED = "refused"


@dataclass(frozen=True)
class Sent:
    """The outcome for one run, and why, where it is not sent."""

    run_id: str
    domain: str
    outcome: Outcome
    reason: str = ""


def send_dead_spool(path: Path, transport: Transport, notices: Notices, goes_on: WaitAfter) -> Sent | None:
    """Send a spool whose process is gone, end its run where the process did not, and remove it.

    None where a process has it, or it is gone meanwhile, or is no spool. `goes_on` is asked after each
    attempt that failed, with the reason, and after each that did not, with None; it may wait before it
    answers, and False gives up. Raises OSError when the spool cannot be read or removed.
    """
    spool = adopt_spool(path, notices)
    if spool is None:
        return None
    try:
        return send_adopted_spool(spool, transport, goes_on)
    finally:
        spool.close(unlock_first=True)


def send_adopted_spool(spool: Spool, transport: Transport, goes_on: WaitAfter) -> Sent:
    """What `send_dead_spool` does with a spool that this process has the lock of."""
    last_written = spool.written_at()

    def told(outcome: Outcome, reason: str = "") -> Sent:
        return Sent(spool.start["id"], spool.start["domain"], outcome, reason)

    is_kept = spool.handed_over and time.time() - last_written < CLOSED_KEPT_S
    if is_kept and spool.all_arrived:
        return told(Outcome.KEPT)
    delivery = Delivery(spool, transport, Place())
    while not delivery.place.ended:
        try:
            sent = delivery.step()
        except TryLaterError as reason:
            if not goes_on(reason):
                return told(Outcome.WAITING, str(reason))
            continue
        except RefusedError as refusal:
            spool.append_line(line_of({"type": REFUSED_TYPE, "reason": str(refusal), "timestamp": time_now()}))
            return told(Outcome.REFUSED, str(refusal))
        if not goes_on(None):
            return told(Outcome.WAITING, "interrupted")
        if sent or delivery.place.ended:
            continue
        if is_kept:
            spool.append_line(line_of({"type": ARRIVED_TYPE}))
            return told(Outcome.KEPT)
        if spool.ended:  # yet nothing is left to send: the file does not hold what its last lines say
            return told(Outcome.WAITING, "the spool cannot be read to its end")
        append_end(spool, _fail_event(last_written))
    spool.remove()
    return told(Outcome.SENT)


def remove_unfinished_files(directory: Path) -> None:
    """Remove what processes left that ended before they could give a new file its name. Raises OSError."""
    for path in directory.glob(f".*{NEW_SUFFIX}"):
        try:
            with path.open("rb") as file:
                is_old = time.time() - path.stat().st_mtime > 60  # made and named within milliseconds
                if is_old and lock(file.fileno()) and not has_moved(file.fileno(), path):
                    path.unlink(missing_ok=True)
                    unlock(file.fileno())
        except FileNotFoundError:
            continue  # named meanwhile


def _fail_event(last_written: float) -> dict[str, str]:
    """The end of a run whose process is gone, at the time of its last sign of life."""
    moment = datetime.fromtimestamp(last_written, UTC).isoformat().removesuffix("+00:00") + "Z"
    return {"type": "fail", "timestamp": moment, "error": NO_END}
