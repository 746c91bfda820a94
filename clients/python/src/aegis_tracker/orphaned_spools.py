"""Sends orphaned spools: the remaining reports of processes that have ended, and that their runs are lost.

The end of a process is not the end of its run, because a supervisor may start it again. So a lost run is a provisional
end, and a tracker in the background declares it only after a while.
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
from aegis_tracker.spool_files import NEW_SUFFIX, has_moved, part_numbers, part_path
from aegis_tracker.spool_reader import Place
from aegis_tracker.spool_records import ARRIVED_TYPE, HOME_TYPE, REFUSED_TYPE, line_of, parse_record, source_line
from aegis_tracker.transport import Transport

CLOSED_KEPT_S = 7 * 24 * 3600.0  # how long a run that was closed without an end can be continued
RESTART_GRACE_S = 300.0  # some supervisors wait five minutes before they restart a process
_HOME_HEAD = b'{"type":"%s"' % HOME_TYPE.encode()
NO_END = "The training's process ended without reporting an end. Its spool shows this."

WaitAfter = Callable[[TryLaterError | None], bool]


class Outcome(Enum):
    """What was done with a spool."""

    SENT = "sent"
    KEPT = "sent, kept because the run can be continued"
    WAITING = "waiting"
    REFUSED = "refused"
    IN_DOUBT = "in doubt"


@dataclass(frozen=True)
class Sent:
    """The outcome for one run. `reason` says why it was not sent."""

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
    """Send a spool whose process has ended, declare its run lost if it reported no end, and remove the spool.

    Returns None if a process uses the spool, if it was removed meanwhile, or if the file is not a spool. A spool in
    doubt is sent only with `is_known_to_have_ended`. `may_continue` is called after each attempt: with the reason
    after a failure, else with None. It may wait before it returns; False stops the sending. Raises OSError if the
    spool cannot be read or removed.
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
    """The same as `send_orphaned_spool`, for a spool that this process has locked.

    A run without an end is declared lost when nothing was written for `grace_s`. Until then the spool is kept, so that
    a restarted process can continue it. Without `declares` the run is never declared lost, because another process
    continues it. `other` is what earlier calls learned about other reporters of the run.
    """
    silent_s = max(0.0, time.time() - spool.written_at())

    def result(outcome: Outcome, reason: str = "") -> Sent:
        return Sent(spool.start["id"], spool.start["domain"], outcome, reason)

    may_be_continued = declares and silent_s < (CLOSED_KEPT_S if spool.handed_over else grace_s)
    if may_be_continued and spool.all_arrived:
        return result(Outcome.KEPT)
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
                return result(Outcome.WAITING, str(reason))
            continue
        except RefusedError as refusal:
            spool.annotate({"type": REFUSED_TYPE, "reason": str(refusal), "timestamp": time_now()})
            return result(Outcome.REFUSED, str(refusal))
        if not may_continue(None):
            return result(Outcome.WAITING, "interrupted")
        if sent:
            continue
        if may_be_continued:
            spool.annotate({"type": ARRIVED_TYPE})
            return result(Outcome.KEPT)
        if spool.ended:  # its last lines have an end, but the reader did not get there
            return result(Outcome.WAITING, "the spool cannot be read to its end")
        break
    spool.remove()
    return result(Outcome.SENT)


def homes_of(spool: Spool) -> set[str]:
    """The URLs of the services that have started the run. Raises OSError."""
    assert spool.path is not None
    homes = set()
    for number in [0, *part_numbers(spool.path)]:
        with part_path(spool.path, number).open("rb") as file:
            for line in file:
                if line.startswith(_HOME_HEAD) and (record := parse_record(line)):
                    homes.add(str(record.get("url")))
    return homes


def _declare_lost(spool: Spool, delivery: Delivery) -> bool:
    """Write a `fail` event with the reason `lost` into the spool, to be sent like any event.

    Returns False if the run must not be ended: another process may have reported it since. Raises TryLaterError and
    RefusedError.
    """
    if delivery.counted is None:
        return False  # it reported nothing
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
    """Remove temporary files of processes that ended before they could rename them. Raises OSError."""
    for path in directory.glob(f".*{NEW_SUFFIX}"):
        try:
            with path.open("rb") as file:
                is_old = time.time() - path.stat().st_mtime > 60  # renaming takes milliseconds
                if is_old and _lock_if_possible(file.fileno()) and not has_moved(file.fileno(), path):
                    path.unlink(missing_ok=True)
                    unlock(file.fileno())
        except FileNotFoundError:
            continue  # it was renamed meanwhile


def _lock_if_possible(file: int) -> bool:
    try:
        return lock(file)
    except OSError:
        return False  # files cannot be locked there, so the file is kept
