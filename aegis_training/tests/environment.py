"""Loaded by pytest before Django's settings: tests never touch the data of a service run from this folder."""

import os
from pathlib import Path

_PROJECT = Path(__file__).resolve().parents[2]

os.environ["AEGIS_DATA_DIR"] = str(_PROJECT / ".data" / "tests")
for name in [name for name in os.environ if name.startswith("AEGIS_") and name != "AEGIS_DATA_DIR"]:
    del os.environ[name]
