"""Programs that some tests need and that not every machine has."""

import os
import shutil
from typing import NoReturn

import pytest

PACKAGES = {
    "chromium": "chromium",
    "curl": "curl",
    "nginx": "nginx-light",
    "node": "nodejs",
    "openssl": "openssl",
    "pgbouncer": "pgbouncer",
}
_FOR_ROOT = "/usr/local/sbin:/usr/sbin:/sbin"  # where nginx is, and where not everybody's PATH leads


def path_of(program: str) -> str:
    """The program's path. Where there is none the test is skipped, but in CI it fails."""
    path = shutil.which(program, path=f"{os.getenv('PATH', os.defpath)}:{_FOR_ROOT}")
    if path is None:
        missing(f"There is no {program} on this machine (Debian: apt-get install {PACKAGES[program]}).")
    return path


def missing(sentence: str) -> NoReturn:
    """Skip the test for that reason; in CI, fail it."""
    if os.getenv("CI"):
        pytest.fail(sentence)
    pytest.skip(sentence)
