"""What `manage.py import_neo4j` prints, and how it ends."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.support.factories import DomainFactory
from tests.support.neo4j_exports import domain_node, has_log, lines, log_node, message, run_id, training
from training_status.models import AuditEntry, Domain, TrainingRun

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "training.json"
    path.write_bytes(
        lines(
            domain_node(1, "medical"),
            domain_node(2, "legal"),
            log_node(11, list(training())),
            log_node(12, [message(1, "m", level="loud"), message(2, "n", level="loud")], status="failed"),
            has_log(1, 11),
            has_log(2, 12),
        )
    )
    return path


def said(*arguments: str) -> list[str]:
    out = StringIO()
    call_command("import_neo4j", *arguments, stdout=out)
    return out.getvalue().splitlines()


REPORT = f"""\
Domain legal: created
  Run 1, started 2025-12-01T10:00:00Z, {run_id(12)}: taken with 2 log entries, with changes:
    - Messages with an unknown level, which have the level INFO: 2 (first: message 1).
    - It has no phase times, and forecasts do not learn from it: no message names a phase.
Domain medical: created
  Run 1, started 2025-12-01T10:00:00Z, {run_id(11)}: taken with 60 log entries
Runs taken: 2, of which with changes: 1; log entries: 62; already there: 0; refused: 0."""


def test_the_report(file):
    assert said(str(file)) == REPORT.splitlines()
    assert AuditEntry.objects.latest("id").actor.startswith("import_neo4j by ")


def test_a_dry_run(file):
    dry = said(str(file), "--dry-run")
    assert not Domain.objects.exists()
    assert dry[:-1] == REPORT.splitlines()[:-1]
    assert dry[-1] == f"{REPORT.splitlines()[-1]} This was a dry run: nothing was stored."


def test_again(file):
    said(str(file))
    assert said(str(file)) == [
        "Domain legal: already there; it stays as it is",
        f"  Run {run_id(12)}: already there, as legal #1",
        "Domain medical: already there; it stays as it is",
        f"  Run {run_id(11)}: already there, as medical #1",
        "Runs taken: 0, of which with changes: 0; log entries: 0; already there: 2; refused: 0.",
    ]


def test_one_domain_alone(file):
    assert "Domain legal: created" not in said(str(file), "--domain", "medical")
    assert TrainingRun.objects.get().domain.name == "medical"
    with pytest.raises(CommandError, match=r"The file has no domain 'sports' that can be imported\."):
        said(str(file), "--domain", "sports")


def test_what_is_refused_fails_the_command_at_its_end(file):
    with file.open("ab") as more:
        more.write(b"broken\x1b[31m\n" + lines(log_node(13), domain_node(3, "2nd")) * 2)
    out = StringIO()
    with pytest.raises(CommandError, match=r"Refused: 3; everything else was taken or was there already\.") as caught:
        call_command("import_neo4j", str(file), stdout=out)
    assert caught.value.returncode == 1
    assert TrainingRun.objects.count() == 2
    refused = out.getvalue().splitlines()[:5]
    assert refused[0].startswith("  REFUSED line 7: it is not valid JSON")
    assert refused[1:3] == [
        "  Skipped line 10: it is the same as line 8.",
        "  Skipped line 11: it is the same as line 9.",
    ]
    assert refused[3].startswith("  REFUSED domain 2nd (line 9): a name has 2 to 100 small letters")
    assert refused[4].startswith(f"  REFUSED run {run_id(13)} (line 8): no domain has this log")


def test_a_run_that_was_imported_before_it_ended(file):
    file.write_bytes(lines(domain_node(1, "medical"), log_node(11, status="running"), has_log(1, 11)))
    said(str(file))
    file.write_bytes(lines(domain_node(1, "medical"), log_node(11), has_log(1, 11)))
    assert "delete the run here and import the file again" in said(str(file))[2]


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"kept_runs": 5}, "the logs of its newest 5 runs: others are removed within about a minute."),
        ({"kept_days": 2.5}, "the logs of runs that ended in the last 2.5 days: others"),
        ({}, None),
    ],
)
def test_logs_that_are_to_go_at_once_are_told(file, limits, words):
    DomainFactory(name="legal", **limits)
    report = "\n".join(said(str(file), "--dry-run"))
    assert (words or "Retention") in report if words else "Retention" not in report


def test_limits_of_the_settings_are_told(file, settings):
    settings.KEPT_DAYS = 3.0
    assert "in the last 3 days" in said(str(file), "--dry-run")[1]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("nothing", "cannot be read: No such file or directory."), ("", "cannot be read: Is a directory.")],
)
def test_a_file_that_cannot_be_read(tmp_path, name, sentence):
    with pytest.raises(CommandError, match=sentence):
        said(str(tmp_path / name))


def test_a_file_that_is_something_else(tmp_path):
    (tmp_path / "text").write_text("hello\n")
    with pytest.raises(
        CommandError, match="The file has no Domain and no TrainingLog node; line 1: it is not valid JSON"
    ):
        said(str(tmp_path / "text"))
