"""openapi.yaml is what the code says, and what the service answers is what openapi.yaml says."""

from io import StringIO
from pathlib import Path

import jsonschema
import pytest
import yaml
from django.core.management import call_command

from training_status.ingest.batch import FailEvent, PhaseEvent, ProgressEvent
from training_status.tests.factories import DomainFactory, TrainingRunFactory, send

API = "/api/v1/admin"
COMMITTED = Path(__file__).resolve().parents[3] / "openapi.yaml"


def test_the_committed_document_is_generated_without_a_warning_from_this_code():
    generated = StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=generated)
    assert generated.getvalue() == COMMITTED.read_text(), "`make format` brings openapi.yaml up to date"


@pytest.mark.django_db
def test_the_document_is_served_as_yaml_and_as_json(viewer):
    assert yaml.safe_load(viewer.get("/api/schema").content) == viewer.get("/api/schema?format=json").json()
    assert viewer.get("/api/schema/", headers={"Accept": "application/vnd.oai.openapi+json"}).json()["openapi"]


@pytest.fixture(scope="module")
def document():
    return yaml.safe_load(COMMITTED.read_text())


@pytest.mark.django_db
def test_answers_have_the_shape_that_the_document_gives(document, operator):
    run = TrainingRunFactory(domain__name="medical", run_number=1, sample_count=80, optimizer="gepa")
    TrainingRunFactory(domain=run.domain, run_number=2)
    DomainFactory(name="never")
    send(
        run,
        PhaseEvent(n=1, phase="loading_data"),
        ProgressEvent(n=2, fraction=0.1, message="m", metrics={"f1": 0.5, "a": None, "b": "x", "c": True}),
        FailEvent(n=3, error="no memory"),
    )
    run_path = f"training-runs/{run.public_id}"
    for template, path in [
        ("domains", "domains"),
        ("domains/{domain_name}", "domains/medical"),
        ("domains/{domain_name}", "domains/never"),
        ("domains/{domain_name}/training-status", "domains/medical/training-status"),
        ("domains/{domain_name}/training-status", "domains/medical/training-status?run=1"),
        ("domains/{domain_name}/training-logs", "domains/medical/training-logs?run=1"),
        ("domains/{domain_name}/training-logs", "domains/never/training-logs"),
        ("domains/{domain_name}/training-runs", "domains/medical/training-runs"),
        ("domains/{domain_name}/training-runs/{run_number}", "domains/medical/training-runs/2"),
        ("training-runs/{training_run_id}", run_path),
    ]:
        operation = document["paths"][f"{API}/{template}"]["get"]
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        jsonschema.validate(operator.get(f"{API}/{path}").json(), {**schema, "components": document["components"]})
    problem = operator.get(f"{API}/domains/nowhere").json()
    jsonschema.validate(problem, document["components"]["schemas"]["Problem"])


def test_every_operation_has_an_id_and_says_what_an_error_looks_like(document):
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    assert len({operation["operationId"] for operation in operations}) == len(operations)
    for operation in operations:
        assert "application/problem+json" in operation["responses"]["default"]["content"]
        assert operation["description"]
