"""The secret key that signs sessions and tickets. It is created once and stored in the data folder."""

import errno
import os
import pwd
import secrets
from pathlib import Path
from typing import Final

from django.core.exceptions import ImproperlyConfigured

_WAYS_OUT: Final = "set AEGIS_DATA_DIR to a folder that can be written, or AEGIS_SECRET_KEY"


def secret_key_in(data_dir: Path) -> str:
    """Return the key in `data_dir`. It is created on first use and readable only by its owner.

    Two processes that start at once agree: the file is complete when it gets its name. Raises ImproperlyConfigured.
    """
    path = data_dir / "secret_key"
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            _make(path)
        key = path.read_text().strip()
    except OSError as error:
        raise ImproperlyConfigured(f"{_refusal(error, path)}: {_WAYS_OUT}.") from error
    if not key:
        raise ImproperlyConfigured(f"The file {path} of the secret key is empty: remove it, and start again.")
    return key


def _make(path: Path) -> None:
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(50))
        os.link(draft, path)
    except FileExistsError:
        pass  # the other process was first: its key is the one
    finally:
        draft.unlink()


def _refusal(error: OSError, path: Path) -> str:
    """Explain why the file cannot be created or read."""
    folder = path.parent
    if error.errno == errno.ENOSPC:
        return f"The secret key cannot be kept in {folder}, as its disk is full"
    if error.errno == errno.EDQUOT:
        return f"The secret key cannot be kept in {folder}, as the disk quota is used up"
    if error.errno == errno.EROFS:
        return f"The secret key cannot be kept in {folder}, as its file system is read-only"
    if error.errno in (errno.EEXIST, errno.ENOTDIR):
        return f"The data folder {folder} cannot be made, as there is a file in its place"
    if error.errno in (errno.EACCES, errno.EPERM):
        is_there = os.path.exists(path)  # False also where nobody may look
        what = f"The secret key {path} cannot be read" if is_there else f"Nothing can be written in {folder}"
        return f"{what} by the user {_user_name()}"
    return f"The secret key cannot be kept in {folder} ({error.strerror})"


def _user_name() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:  # in a container a user may have a number and no name
        return str(os.geteuid())
