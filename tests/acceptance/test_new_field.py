"""A new stored fact of a run is written in five places; everything else follows from them."""

from pathlib import Path

from tests.support.answers import ok
from tests.support.changed_project import ChangedProject
from tests.support.domains import create_domain
from tests.support.running_service import Service
from tests.support.runs import Run, complete, log, phase

PLACES = [
    (
        "models/training_run.py",
        "    result = models.JSONField(null=True)\n",
        "    gpu_hours = models.FloatField(null=True)\n",
    ),
    ("ingest/run_state_machine.py", "    phase_started_at: datetime | None\n", "    gpu_hours: float | None\n"),
    ("read/run_facts.py", "    sample_count: int | None\n", "    gpu_hours: float | None\n"),
    (
        "serializers/status.py",
        "    cancel_requested = serializers.BooleanField()\n",
        "    gpu_hours = serializers.FloatField(allow_null=True)\n",
    ),
    ("ingest/exported_run.py", "    result: dict[str, Any] | None\n", "    gpu_hours: float | None\n"),
]


def test_a_new_field_is_stored_read_shown_exported_and_imported(tmp_path: Path) -> None:
    project = ChangedProject(tmp_path)
    for file, before, new in PLACES:
        project.replace(f"training_status/{file}", before, before + new)
    project.make_migration()
    service = Service()
    service.project = project.folder
    try:
        service.start()
        operator = service.client(service.token("operator"))
        run = Run(operator, create_domain(operator))
        run.send(phase("loading_data"))
        with service.connect_to_database() as connection:
            connection.execute("UPDATE training_status_trainingrun SET gpu_hours = 1.5")
        run.send(log("one more"))
        assert run.status()["gpu_hours"] == 1.5
        run.send(complete())
        assert ok(operator.get(f"/training-runs/{run.id}"))["gpu_hours"] == 1.5

        file = tmp_path / "run.ndjson"
        file.write_bytes(operator.get(f"/training-runs/{run.id}/export").content)
        assert operator.delete(f"/training-runs/{run.id}").status_code == 204
        service.manage("import_run", str(file))
        assert ok(operator.get(f"/training-runs/{run.id}"))["gpu_hours"] == 1.5
    finally:
        service.stop()
