"""What a tracker makes of its settings: its spool, and its connection to the service. Nothing here raises.

A setting that cannot be used costs the training nothing but a warning.
"""

import functools
import os
from collections.abc import Callable
from pathlib import Path

from aegis_tracker.diagnostics import Diagnostics
from aegis_tracker.settings import (
    SPOOL_MAX_BYTES,
    SettingsError,
    access_token,
    sends_texts,
    service_address,
    spool_directory,
    spool_max_bytes,
)
from aegis_tracker.spool import Spool
from aegis_tracker.spool_opening import memory_spool, open_spool
from aegis_tracker.spool_records import Record
from aegis_tracker.transport import Transport


def open_spool_by_settings(
    start: Record,
    spool_dir: str | os.PathLike[str] | None,
    max_bytes: int | None,
    diagnostics: Diagnostics,
    *,
    is_joining: bool,
) -> Spool:
    """The spool in the folder that is set, with the limit that is set. In memory if there is no folder."""
    limit = SPOOL_MAX_BYTES
    try:
        limit = spool_max_bytes(max_bytes)
    except SettingsError as error:
        diagnostics.once("limit", str(error))
    try:
        directory = spool_directory(spool_dir)
    except SettingsError as error:
        diagnostics.once("spool", f"{error} Reports are kept in memory.")
        return memory_spool(start, diagnostics, is_joining=is_joining)
    return open_spool(directory, start, diagnostics, limit, is_joining=is_joining)


def connection_by_settings(
    url: str | None, token: str | None, spool: Path | None, diagnostics: Diagnostics
) -> Callable[[], Transport] | None:
    """Makes connections to the service that is set. None if reports stay in the `spool`, which is in memory if None."""
    try:
        address, secret = service_address(url), access_token(token)
    except Exception as error:  # noqa: BLE001 - while the interpreter shuts down anything may fail
        kept = f"are kept in {spool}" if spool else "stay in memory"
        reason = error if isinstance(error, SettingsError) else f"The service's address cannot be used ({error})."
        diagnostics.once("settings", f"{reason} The training continues. Its reports {kept} and are not sent.")
        return None
    return functools.partial(Transport, address, secret)


def sends_texts_by_settings(given: bool | None, diagnostics: Diagnostics) -> bool:
    """Whether programs may leave the machine. They do not if the setting cannot be understood."""
    try:
        return sends_texts(given)
    except Exception as error:  # noqa: BLE001 - anything may be given
        diagnostics.once("send_texts", str(error))
        return False
