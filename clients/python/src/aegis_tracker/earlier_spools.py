"""Sends the spools of earlier processes of a run before that of the present process.

Usually a restarted process continues the spool of the one before. It gets a new spool if another process was just
sending that one.
"""

from pathlib import Path

from aegis_tracker.delivery_errors import EarlierSpoolError, TryLaterError
from aegis_tracker.diagnostics import Diagnostics
from aegis_tracker.orphaned_spools import homes_of, send_adopted_spool
from aegis_tracker.other_reporter import OtherReporter
from aegis_tracker.spool import Spool
from aegis_tracker.spool_adoption import InDoubtError, adopt_spool, is_being_sent
from aegis_tracker.spool_files import run_id_of, spool_paths
from aegis_tracker.transport import Transport

ASK_AGAIN_AFTER_S = 1.0


class EarlierSpools:
    """The spools of earlier processes of the run, in the folder of `spool`, the spool of the present process."""

    def __init__(self, spool: Spool, transport: Transport, diagnostics: Diagnostics) -> None:
        self._spool = spool
        self._transport = transport
        self._diagnostics = diagnostics
        self._others: dict[Path, OtherReporter] = {}

    def send(self) -> None:
        """Send those whose processes are known to have ended.

        Raises EarlierSpoolError while another process sends one of them, TryLaterError, and OSError.
        """
        own = self._spool.path
        for path in spool_paths(own.parent) if own is not None else []:
            if path != own and run_id_of(path) == self._spool.start["id"]:
                self._send(path)

    def _send(self, path: Path) -> None:
        try:
            left = adopt_spool(path, self._diagnostics)
        except InDoubtError:
            return
        if left is None:
            if is_being_sent(path):
                raise EarlierSpoolError("the reports of an earlier process are being sent first", ASK_AGAIN_AFTER_S)
            return
        try:
            if left.start["domain"] == self._spool.start["domain"]:
                left.claim(to_send=True)
                self._send_adopted(left, path)
        finally:
            left.close(unlock_first=True)

    def _send_adopted(self, left: Spool, path: Path) -> None:
        if homes_of(left) - {str(self._transport.address)}:
            return  # started at another service; `sync` sends it there
        failures: list[TryLaterError] = []

        def may_continue(failure: TryLaterError | None) -> bool:
            failures.extend([failure] if failure is not None else [])
            return failure is None

        other = self._others.setdefault(path, OtherReporter())
        send_adopted_spool(left, self._transport, may_continue, declares=False, other=other)  # what is refused stays
        if failures:
            raise failures[-1]
