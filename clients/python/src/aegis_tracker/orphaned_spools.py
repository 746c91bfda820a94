"""Sends what processes left behind that are gone: the rest of their reports, and that they are gone.

That a process is gone is not the end of its run: a supervisor may start it again. So the end that is declared for it
is provisional, and in the background it is declared only after a while.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path

from aegis_tracker.delivery import Delivery
from aegis_tracker.delivery_errors import RefusedError, TryLaterError
from aegis_tracker.diagnostics import Diagnostics
from aegis_tracker.file_locks import lock, unlock
from aegis_tracker.other_reporter import OtherReporter
from aegis_tracker.sanitizing import time_now
from aegis_tracker.spool import Spool
from aegis_tracker.spool_adoption import InDoubtError, adopt_spool
from aegis_tracker.spool_files import NEW_SUFFIX, has_moved
from aegis_tracker.spool_reader import Place
from aegis_tracker.spool_records import ARRIVED_TYPE, HOME_TYPE, REFUSED_TYPE, line_of, source_line
from aegis_tracker.transport import Transport

CLOSED_KEPT_S = 7 * 24 * 3600.0  # a run that was closed without an end may be continued for so long
RESTART_GRACE_S = 300.0  # supervisors wait for up to five minutes before they start a process again
NO_END = "The training's process ended without reporting an end; this was found out from its spool."

WaitAfter = Callable[[TryLaterError | None], bool]


class Outcome(Enum):
    """What became of a spool."""

    SENT = "sent"
    KEPT = "sent, kept to be continued"
    WAITING = "waiting"
    REFUSED = "refused"
    IN_DOUBT = "in doubt"


@dataclass(frozen=True)
class Sent:
    """The outcome for one run, and why, where it is not sent."""

    run_id: str
    domain: str
    outcome: Outcome
    reason: str = ""


def send_orphaned_spool(
    path: Path,
    transport: Transport,
    diagnostics: Diagnostics,
    may_continue: WaitAfter,
    *,
    is_known_to_have_ended: bool = False,
) -> Sent | None:
    """Send a spool whose process is gone, declare it gone where it reported no end, and remove the spool.

    None where a process has it, or it is gone meanwhile, or is no spool. Where it cannot be told whether its process
    is gone, nothing is done, unless somebody who knows says so. `may_continue` is asked after each attempt that failed,
    with the reason, and after each that did not, with None; it may wait before it answers, and False gives up.
    Raises OSError when the spool cannot be read or removed.
    """
    try:
        spool = adopt_spool(path, diagnostics, is_known_to_have_ended=is_known_to_have_ended)
    except InDoubtError as doubt:
        return Sent(doubt.start["id"], doubt.start["domain"], Outcome.IN_DOUBT, str(doubt))
    if spool is None:
        return None
    try:
        spool.claim(to_send=True)
        return send_adopted_spool(spool, transport, may_continue)
    finally:
        spool.close(unlock_first=True)


def send_adopted_spool(
    spool: Spool,
    transport: Transport,
    may_continue: WaitAfter,
    *,
    grace_s: float = 0.0,
    declares: bool = True,
    other: OtherReporter | None = None,
) -> Sent:
    """What `send_orphaned_spool` does with a spool that this process has the lock of.

    A process that reported no end is declared gone once nothing was written for `grace_s`; until then the spool is
    kept, so that a process that is started again goes on with it. Without `declares` it is not declared gone at all:
    it has a successor. `other` is what is known of other reporters of the run from earlier calls.
    """
    silent_s = max(0.0, time.time() - spool.written_at())

    def told(outcome: Outcome, reason: str = "") -> Sent:
        return Sent(spool.start["id"], spool.start["domain"], outcome, reason)

    may_be_continued = declares and silent_s < (CLOSED_KEPT_S if spool.handed_over else grace_s)
    if may_be_continued and spool.all_arrived:
        return told(Outcome.KEPT)
    home = str(transport.address)
    delivery = Delivery(spool, transport, Place(), started=home in homes_of(spool), other=other)
    is_declared = False
    if spool.all_arrived:
        delivery.mark_all_arrived()
    while not delivery.place.ended:
        was_started = delivery.started
        try:
            sent = delivery.step()
            if delivery.started and not was_started:
                spool.annotate({"type": HOME_TYPE, "url": home})
            if not sent and declares and not may_be_continued and not spool.ended and not is_declared:
                is_declared = True
                if not (spool.declared_lost and delivery.run_has_ended) and _declare_lost(spool, delivery):
                    continue
        except TryLaterError as reason:
            if not may_continue(reason):
                return told(Outcome.WAITING, str(reason))
            continue
        except RefusedError as refusal:
            spool.annotate({"type": REFUSED_TYPE, "reason": str(refusal), "timestamp": time_now()})
            return told(Outcome.REFUSED, str(refusal))
        if not may_continue(None):
            return told(Outcome.WAITING, "interrupted")
        if sent:
            continue
        if may_be_continued:
            spool.annotate({"type": ARRIVED_TYPE})
            return told(Outcome.KEPT)
        if spool.ended:  # yet nothing is left to send: the file does not hold what its last lines say
            return told(Outcome.WAITING, "the spool cannot be read to its end")
        break
    spool.remove()
    return told(Outcome.SENT)


def homes_of(spool: Spool) -> set[str]:
    """The services that have started the run. Raises OSError."""
    return {str(record.get("url")) for record in spool.records_of(HOME_TYPE)}


def _declare_lost(spool: Spool, delivery: Delivery) -> bool:
    """Record that the process is gone, to be sent like any event; False where the run is not its to end.

    Only the process by which the run counts may be declared gone: beside it, or since, another may live. Raises
    TryLaterError and RefusedError.
    """
    if delivery.counted is None:
        return False  # it never reported anything
    _, source = delivery.counted
    last_n = delivery.confirm_counted()
    if last_n is None or delivery.run_has_ended:
        return False
    moment = datetime.fromtimestamp(spool.written_at(), UTC).isoformat().removesuffix("+00:00") + "Z"
    spool.annotate_line(
        source_line(source, last_n + 1)
        + line_of({"type": "fail", "timestamp": moment, "error": NO_END, "reason": "lost"})
    )
    spool.declared_lost = True
    return True


def remove_unfinished_files(directory: Path) -> None:
    """Remove what processes left that ended before they could give a new file its name. Raises OSError."""
    for path in directory.glob(f".*{NEW_SUFFIX}"):
        try:
            with path.open("rb") as file:
                is_old = time.time() - path.stat().st_mtime > 60  # made and named within milliseconds
                if is_old and _lock_if_possible(file.fileno()) and not has_moved(file.fileno(), path):
                    path.unlink(missing_ok=True)
                    unlock(file.fileno())
        except FileNotFoundError:
            continue  # named meanwhile


def _lock_if_possible(file: int) -> bool:
    try:
        return lock(file)
    except OSError:
        return False  # files cannot be locked there: it stays
