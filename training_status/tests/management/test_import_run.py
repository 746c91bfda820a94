"""What `manage.py import_run` says."""

from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone

from tests.support.exported_runs import export
from tests.support.factories import TrainingRunFactory, log_lines, send
from training_status.ingest.deletion import delete_run
from training_status.models import Domain

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A run that ended long ago."""
    run = TrainingRunFactory(domain__name="medical", lost=True, created_at=timezone.now() - timedelta(days=40))
    send(run, *log_lines(1, 3))
    type(run).objects.update(state="failed", failure_reason="lost", ended_at=timezone.now() - timedelta(days=39))
    path = tmp_path / "run.ndjson"
    path.write_bytes(export(run))
    delete_run(run.public_id)
    return path


@pytest.mark.parametrize(("kept_days", "is_said"), [(None, False), (90, False), (30, True)])
def test_a_log_that_is_to_go_at_once_is_said_with_the_way_out(file, kept_days, is_said):
    Domain.objects.update(kept_days=kept_days)
    out = StringIO()
    call_command("import_run", str(file), stdout=out)
    assert "with 3 log entries." in out.getvalue()
    assert ("do not cover the log of this run" in out.getvalue()) is is_said
    assert ("raise the limits of the domain" in out.getvalue()) is is_said
