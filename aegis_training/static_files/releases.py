"""A folder of static files for each release, named by its fingerprint. A folder that is there is complete."""

import os
import shutil
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.contrib.staticfiles.management.commands.collectstatic import Command as CollectStatic
from django.core.exceptions import ImproperlyConfigured

from aegis_training.static_files.fingerprint import IGNORED, fingerprint
from aegis_training.static_files.hashed_files import HashedFiles

_KEPT_RELEASES: Final = 5
_DRAFT: Final = ".collecting-"
_DRAFT_LIMIT_S: Final = 3600


class ReleasedFiles(HashedFiles):
    """The static files of this release, which are collected when they are first asked for."""

    def __init__(self) -> None:
        super().__init__(location=collected_release())


def collected_release() -> Path:
    """Return the folder with the static files of this release. They are collected unless that was done before.

    Several processes may do so at once, and any may be killed: a folder gets its name when it is complete.
    Raises ImproperlyConfigured if they cannot be stored.
    """
    root = Path(settings.STATIC_RELEASES)
    release = root / fingerprint()
    try:
        if not release.is_dir():
            _collect(release)
            _remove_old(root)
    except OSError as error:
        raise ImproperlyConfigured(
            f"The static files cannot be stored in {root} ({error.strerror}): free space there, or set "
            "AEGIS_STATIC_DIR to a folder that can be written."
        ) from error
    with suppress(OSError):  # in an image they cannot be changed
        os.utime(release)  # the last start
    return release


def releases() -> list[Path]:
    """Return the folders of all releases that are there, the last started first."""
    try:
        folders = [entry for entry in Path(settings.STATIC_RELEASES).iterdir() if not entry.name.startswith(".")]
    except OSError:
        return []
    return sorted(folders, key=_last_start, reverse=True)


def _last_start(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except OSError:  # removed meanwhile
        return 0.0


def _collect(release: Path) -> None:
    release.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=_DRAFT, dir=release.parent))
    try:
        collecting: Any = CollectStatic()
        collecting.storage = HashedFiles(location=draft)
        collecting.set_options(
            interactive=False,
            verbosity=0,
            link=False,
            clear=False,
            dry_run=False,
            ignore_patterns=[*IGNORED],
            use_default_ignore_patterns=False,
            post_process=True,
        )
        collecting.collect()
        draft.chmod(0o755)
        _write_to_disk(draft)
        try:
            draft.rename(release)
        except OSError:
            if not release.is_dir():
                raise
            # Another process was first: the files are the same.
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _write_to_disk(folder: Path) -> None:
    """Browsers keep the files for ever, so they must be whole even if the machine goes down after the rename.

    At once, so that the file system writes them together; one by one takes ten times as long.
    """
    with ThreadPoolExecutor(32) as threads:
        list(threads.map(_flush, [folder, *folder.rglob("*")]))


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove_old(root: Path) -> None:
    """Remove all but the last started releases, and what killed processes left behind."""
    for folder in releases()[_KEPT_RELEASES:]:
        removed = folder.with_name(f"{_DRAFT}removed-{folder.name}")
        with suppress(OSError):
            folder.rename(removed)
            shutil.rmtree(removed)
    for draft in root.glob(f"{_DRAFT}*"):
        if time.time() - _last_start(draft) > _DRAFT_LIMIT_S:
            shutil.rmtree(draft, ignore_errors=True)
