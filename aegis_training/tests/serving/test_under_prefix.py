"""A WSGI server is under a path like the ASGI server: with the prefix in the path, or without."""

import os
import subprocess
import sys
from pathlib import Path

from tests.support.project import PROJECT

PROGRAM = """
from wsgiref.util import setup_testing_defaults
from aegis_training.wsgi import application

for path in ("/tools/training/api/nothing", "/api/nothing", "/tools/training", "/", "/tools/trainings"):
    environ = {"PATH_INFO": path, "HTTP_HOST": "localhost"}
    setup_testing_defaults(environ)
    application(environ, lambda status, headers, exc_info=None: print(path, status[:3], dict(headers).get("Location")))
"""


def test_wsgi(tmp_path: Path) -> None:
    said = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={"PATH": os.environ["PATH"], "AEGIS_DATA_DIR": str(tmp_path), "AEGIS_URL_PREFIX": "/tools/training"},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout
    assert said.splitlines() == [
        "/tools/training/api/nothing 404 None",
        "/api/nothing 404 None",
        "/tools/training 302 /tools/training/sign-in?next=/tools/training/",
        "/ 302 /tools/training/sign-in?next=/tools/training/",
        "/tools/trainings 404 None",
    ]
