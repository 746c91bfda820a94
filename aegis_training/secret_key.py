"""The key that signs sessions and tickets, made once and kept beside the data."""

import os
import secrets
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured


def secret_key_in(data_dir: Path) -> str:
    """The key kept in `data_dir`, made on first use, readable by its owner alone.

    Two processes that start at once agree: the file is complete when it gets its name.
    """
    path = data_dir / "secret_key"
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            draft = data_dir / f"secret_key.{os.getpid()}"
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_urlsafe(50))
            try:
                os.link(draft, path)
            except FileExistsError:
                pass  # the other process was first: its key is the one
            finally:
                draft.unlink()
        return path.read_text().strip()
    except OSError as error:
        raise ImproperlyConfigured(
            f"The secret key cannot be kept in {data_dir} ({error.strerror}): "
            "set AEGIS_DATA_DIR to a folder that can be written, or AEGIS_SECRET_KEY."
        ) from error
