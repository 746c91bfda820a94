"""Loaded by pytest before Django's settings: tests never touch the data of a service run from this folder."""

import gc
import os
import shutil
import signal
import tempfile
from collections.abc import Generator

import pytest

from tests.support.migrated_cluster import RUN_FOLDER
from tests.support.project import PROJECT

gc.disable()  # until all tests are loaded

os.environ["AEGIS_DATA_DIR"] = str(PROJECT / ".data" / "tests")
for name in [name for name in os.environ if name.startswith("AEGIS_") and name != "AEGIS_DATA_DIR"]:
    del os.environ[name]

# A program started in the background ignores Ctrl-C and SIGQUIT, one started by nohup SIGHUP, and so would all that it
# starts. The tests' processes do not.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.signal(signal.SIGQUIT, signal.SIG_DFL)


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # the process that starts the others, which inherit it
        os.environ[RUN_FOLDER] = tempfile.mkdtemp(prefix="aegis-test-run-")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of a whole service come first: they take longest, so the test processes end at about the same time.

    pytest-django has sorted the others by how they use the test database, and they stay in that order.
    """
    items.sort(key=lambda item: not item.path.is_relative_to(PROJECT / "tests"))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """From here on garbage is collected, but not looked for among what was loaded: that is much, and stays."""
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        shutil.rmtree(os.environ.pop(RUN_FOLDER), ignore_errors=True)


@pytest.fixture(autouse=True)
def audit_entries_can_be_truncated(request: pytest.FixtureRequest) -> None:
    """A test with real transactions empties all tables of the test database at its end, the audit log's too."""
    marker = request.node.get_closest_marker("django_db")
    if marker is not None and marker.kwargs.get("transaction"):
        request.getfixturevalue("transactional_db")
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE training_status_auditentry DISABLE TRIGGER audit_entries_are_not_truncated")
