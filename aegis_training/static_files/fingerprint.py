"""What tells the static files of one release from those of another."""

import hashlib
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Final

from django.contrib.staticfiles import finders

from aegis_training.static_files import hashed_files

# Pages of DRF that this service does not have, source maps of packages, and what editors leave behind.
IGNORED: Final = ["rest_framework", "*.map", "CVS", ".*", "*~"]


def fingerprint() -> str:
    """Return a name for the static files as they are: it changes with their content and with how they are processed.

    By content, as times differ between copies of the same release, such as the layers of an image.
    """
    digest = hashlib.blake2b(digest_size=8)
    digest.update(Path(hashed_files.__file__).read_bytes())
    for package in ("django", "whitenoise"):
        digest.update(version(package).encode())
    for name, path in sorted(_sources()):
        content = path.read_bytes()
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def _sources() -> Iterator[tuple[str, Path]]:
    for finder in finders.get_finders():
        for name, storage in finder.list(IGNORED):
            yield name, Path(storage.path(name))
