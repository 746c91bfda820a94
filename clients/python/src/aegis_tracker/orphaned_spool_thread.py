"""The background thread in which a tracker sends the orphaned spools in its folder."""

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
    """Searches `directory` at once and then once a minute, until `stop`.

    It skips runs that were started at another service.
    """

    def __init__(self, directory: Path, transport: Transport, diagnostics: Diagnostics) -> None:
        self._directory = directory
        self._transport = transport
        self._diagnostics = diagnostics
        self._backoff = Backoff()
        self._left_alone: set[Path] = set()  # spools that were refused, or belong to another service
        self._in_doubt: set[Path] = set()  # spools of which the log says so
        self._others: dict[Path, OtherReporter] = {}
        self._current: Spool | None = None
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
        """Wait up to `timeout_s` until all spools that were found are sent, or the service cannot be reached."""
        with self._changed:
            self._changed.wait_for(lambda: self._looked or self._failure is not None or self._stopping, timeout_s)

    def end_after_this_look(self) -> None:
        """Send the spools that were found, and stop."""
        with self._changed:
            self._is_last_look = True
            self._changed.notify_all()

    def stop(self, timeout_s: float) -> None:
        """Stop sending and abort the current request. Waits up to `timeout_s` for the thread."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._transport.abort()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(timeout_s)

    def process_forked(self) -> None:
        """In a forked process: close the spool that the original sends, so that it keeps no lock."""
        if self._current is not None:
            self._current.let_go_after_fork()

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
            logger.exception("Orphaned spools could not be sent")
        finally:
            self._transport.close()
            with self._changed:
                self._looked = True
                self._changed.notify_all()

    def _look(self) -> TryLaterError | None:
        """Send what can be sent. Returns why the service accepts nothing now, or None.

        Spools that wait are not locked meanwhile, so that a restarted training can continue them.
        """
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
            self._current = adopt_spool(path, self._diagnostics)
            if self._current is None or not self._may_be_sent_here(self._current, path):
                return
            self._current.claim(to_send=True)
            other = self._others.setdefault(path, OtherReporter(LOOK_EVERY_S))
            sent = send_adopted_spool(
                self._current, self._transport, self._may_continue, grace_s=RESTART_GRACE_S, other=other
            )
        except InDoubtError as doubt:
            if path not in self._in_doubt:
                self._in_doubt.add(path)
                log(logging.INFO, f"{path} is skipped: {doubt}. Run aegis-tracker sync to see what you can do.")
            return
        except OSError as error:
            log(logging.WARNING, f"The orphaned spool {path} cannot be sent: {error}.")
            self._left_alone.add(path)
            return
        finally:
            spool, self._current = self._current, None
            if spool is not None:
                spool.close(unlock_first=True)
        if sent.outcome is Outcome.REFUSED:
            self._left_alone.add(path)
            log(
                logging.WARNING,
                f"The reports of run {sent.run_id}, an earlier training, are kept in {path}: {sent.reason}",
            )
        elif sent.outcome is Outcome.SENT:
            log(logging.INFO, f"The remaining reports of run {sent.run_id}, an earlier training, were sent.")

    def _may_be_sent_here(self, spool: Spool, path: Path) -> bool:
        homes = homes_of(spool)
        if not homes or str(self._transport.address) in homes:
            return True
        self._left_alone.add(path)
        log(logging.INFO, f"Run {spool.start['id']} was started at {', '.join(homes)}. aegis-tracker sync can send it.")
        return False

    def _may_continue(self, failure: TryLaterError | None) -> bool:
        if isinstance(failure, OtherReporterError):
            return False  # only this spool has to wait
        with self._changed:
            self._failure = failure
            self._changed.notify_all()
            if failure is None:
                self._backoff.success()
            return failure is None and not self._stopping
