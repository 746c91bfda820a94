"""The background thread in which a tracker sends what ended processes left in its spool folder."""

import logging
import threading
from pathlib import Path

from aegis_tracker.backoff import Backoff
from aegis_tracker.delivery_errors import OtherReporterError, TryLaterError
from aegis_tracker.diagnostics import Diagnostics, log, logger
from aegis_tracker.orphaned_spools import (
    RESTART_GRACE_S,
    Outcome,
    homes_of,
    remove_unfinished_files,
    send_adopted_spool,
)
from aegis_tracker.other_reporter import OtherReporter
from aegis_tracker.spool import Spool
from aegis_tracker.spool_adoption import InDoubtError, adopt_spool
from aegis_tracker.spool_files import spool_paths
from aegis_tracker.transport import Transport

LOOK_EVERY_S = 60.0


class OrphanedSpoolSender:
    """Looks into `directory` at once and then once a minute, until `stop`.

    Runs that another service has taken already are left to it.
    """

    def __init__(self, directory: Path, transport: Transport, diagnostics: Diagnostics) -> None:
        self._directory = directory
        self._transport = transport
        self._diagnostics = diagnostics
        self._backoff = Backoff()
        self._left_alone: set[Path] = set()  # refused, or of another service
        self._in_doubt: set[Path] = set()  # as was said
        self._others: dict[Path, OtherReporter] = {}
        self._in_hand: Spool | None = None
        self._changed = threading.Condition()  # guards the four below
        self._stopping = False
        self._is_last_look = False
        self._looked = False
        self._failure: TryLaterError | None = None
        self._thread = threading.Thread(target=self._run, name="aegis-tracker-orphaned-spools", daemon=True)

    def start(self) -> None:
        """Raises RuntimeError where no thread can be started."""
        self._thread.start()

    def finish(self, timeout_s: float) -> None:
        """Wait up to `timeout_s` until all that was found is sent, as long as the service takes it."""
        with self._changed:
            self._changed.wait_for(lambda: self._looked or self._failure is not None or self._stopping, timeout_s)

    def end_after_this_look(self) -> None:
        """Send what was found, and look no more."""
        with self._changed:
            self._is_last_look = True
            self._changed.notify_all()

    def stop(self, timeout_s: float) -> None:
        """Stop sending; a request under way is broken off. Waits up to `timeout_s` for the thread."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._transport.abort()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(timeout_s)

    def process_forked(self) -> None:
        """In a forked process: let go of the spool that the original is sending, for the lock's sake."""
        if self._in_hand is not None:
            self._in_hand.let_go_after_fork()

    def _run(self) -> None:
        try:
            while not self._stopping:
                failure = self._look()
                with self._changed:
                    self._looked = True
                    self._changed.notify_all()
                    if self._is_last_look:
                        return
                    wait_s = LOOK_EVERY_S if failure is None else self._backoff.after_failure(failure.after_s)
                    self._changed.wait_for(lambda: self._stopping or self._is_last_look, wait_s)
                    if self._is_last_look:
                        return
        except Exception:  # noqa: BLE001 - a thread that dies unseen would be worse
            logger.exception("What earlier trainings left behind could not be sent")
        finally:
            self._transport.close()
            with self._changed:
                self._looked = True
                self._changed.notify_all()

    def _look(self) -> TryLaterError | None:
        """Send what can be sent; why the service takes nothing now, if so. What is left is free meanwhile, so that
        a training that is started again can go on with it."""
        self._failure = None
        try:
            remove_unfinished_files(self._directory)
            for path in spool_paths(self._directory):
                if self._stopping or self._failure is not None:
                    break
                if path not in self._left_alone:
                    self._send(path)
        except OSError as error:
            self._diagnostics.once(
                "orphaned spools", f"{self._directory} cannot be searched for what was left: {error}."
            )
        return self._failure

    def _send(self, path: Path) -> None:
        try:
            self._in_hand = adopt_spool(path, self._diagnostics)
            if self._in_hand is None or not self._may_be_sent_here(self._in_hand, path):
                return
            self._in_hand.claim(to_send=True)
            other = self._others.setdefault(path, OtherReporter(LOOK_EVERY_S))
            sent = send_adopted_spool(
                self._in_hand, self._transport, self._may_continue, grace_s=RESTART_GRACE_S, other=other
            )
        except InDoubtError as doubt:
            if path not in self._in_doubt:
                self._in_doubt.add(path)
                log(logging.INFO, f"{path} is left alone: {doubt}. aegis-tracker sync says what may be done.")
            return
        except OSError as error:
            log(logging.WARNING, f"{path}, which an earlier training left, cannot be sent: {error}.")
            self._left_alone.add(path)
            return
        finally:
            spool, self._in_hand = self._in_hand, None
            if spool is not None:
                spool.close(unlock_first=True)
        if sent.outcome is Outcome.REFUSED:
            self._left_alone.add(path)
            log(logging.WARNING, f"Run {sent.run_id}, left by an earlier training, is kept in {path}: {sent.reason}")
        elif sent.outcome is Outcome.SENT:
            log(logging.INFO, f"Run {sent.run_id}, left by an earlier training, was sent.")

    def _may_be_sent_here(self, spool: Spool, path: Path) -> bool:
        homes = homes_of(spool)
        if not homes or str(self._transport.address) in homes:
            return True
        self._left_alone.add(path)
        log(logging.INFO, f"Run {spool.start['id']} belongs to {', '.join(homes)}; aegis-tracker sync can send it.")
        return False

    def _may_continue(self, failure: TryLaterError | None) -> bool:
        if isinstance(failure, OtherReporterError):
            return False  # this spool waits; others need not
        with self._changed:
            self._failure = failure
            self._changed.notify_all()
            if failure is None:
                self._backoff.success()
            return failure is None and not self._stopping
