"""Programs that some tests need and that not every machine has."""

import os
import shutil
from typing import NoReturn

import pytest

PACKAGES = {
    "chromium-headless-shell": "chromium-headless-shell",
    "curl": "curl",
    "nginx": "nginx-light",
    "node": "nodejs",
    "openssl": "openssl",
    "pgbouncer": "pgbouncer",
}
_FOR_ROOT = "/usr/local/sbin:/usr/sbin:/sbin"  # where nginx is, and where not everybody's PATH leads


def path_of(program: str, *others: str) -> str:
    """The path of the program, or of another that does as well. Where there is none the test is skipped, but in CI
    it fails."""
    where = f"{os.getenv('PATH', os.defpath)}:{_FOR_ROOT}"
    path = next(filter(None, (shutil.which(name, path=where) for name in (program, *others))), None)
    if path is None:
        missing(f"There is no {program} on this machine (Debian: apt-get install {PACKAGES[program]}).")
    return path


def path_of_chromium() -> str:
    """Chromium without a window: its headless shell, which takes less processor time, or the whole browser."""
    return path_of("chromium-headless-shell", "chromium")


def missing(sentence: str) -> NoReturn:
    """Skip the test for that reason; in CI, fail it."""
    if os.getenv("CI"):
        pytest.fail(sentence)
    pytest.skip(sentence)
