"""What earlier processes of a run left in the folder goes first, when the run is started again beside it.

Usually the process that is started again goes on with the spool of the last one. It gets a spool of its own where
somebody else was just sending that of the last one.
"""

from pathlib import Path

from aegis_tracker.dead_spools import Outcome, homes_of, send_adopted_spool
from aegis_tracker.delivery_errors import PredecessorError, RefusedError, TryLaterError
from aegis_tracker.notices import Notices
from aegis_tracker.spool import Spool
from aegis_tracker.spool_adoption import InDoubtError, adopt_spool, is_being_sent
from aegis_tracker.spool_files import run_id_of, spool_paths
from aegis_tracker.transport import Transport

ASK_AGAIN_AFTER_S = 1.0


def send_predecessors(spool: Spool, transport: Transport, notices: Notices) -> None:
    """Send what earlier processes of the same run left, as far as they are known to be gone.

    Raises PredecessorError while somebody else sends it, TryLaterError, RefusedError, and OSError.
    """
    if spool.path is None:
        return
    for path in spool_paths(spool.path.parent):
        if path != spool.path and run_id_of(path) == run_id_of(spool.path):
            _send(path, spool, transport, notices)


def _send(path: Path, spool: Spool, transport: Transport, notices: Notices) -> None:
    try:
        left = adopt_spool(path, notices)
    except InDoubtError:
        return
    if left is None:
        if is_being_sent(path):
            raise PredecessorError("what an earlier process left is being sent first", ASK_AGAIN_AFTER_S)
        return
    failures: list[TryLaterError] = []

    def goes_on(failure: TryLaterError | None) -> bool:
        failures.extend([failure] if failure is not None else [])
        return failure is None

    try:
        if (left.start["id"], left.start["domain"]) != (spool.start["id"], spool.start["domain"]):
            return
        if homes_of(left) - {str(transport.address)}:
            return
        sent = send_adopted_spool(left, transport, goes_on, declares=False)
        if failures:
            raise failures[-1]
        if sent.outcome is Outcome.REFUSED:
            raise RefusedError(sent.reason)
    finally:
        left.close(unlock_first=True)
