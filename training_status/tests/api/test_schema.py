"""openapi.yaml is what the code says, and what the service answers is what openapi.yaml says."""

from collections.abc import Iterator
from io import StringIO
from typing import Any

import jsonschema
import pytest
import yaml
from django.core.management import call_command

from tests.support.factories import DomainFactory, TrainingRunFactory, send
from tests.support.project import OPENAPI
from training_status.ingest.batch import CompleteEvent, FailEvent, LogEvent, PhaseEvent, ProgressEvent

API = "/api/v1/admin"


def test_the_committed_document_is_generated_without_a_warning_from_this_code():
    generated = StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=generated)
    assert generated.getvalue() == OPENAPI.read_text(), "`make format` brings openapi.yaml up to date"


@pytest.mark.django_db
def test_the_document_is_served_as_yaml_and_as_json(viewer):
    assert yaml.safe_load(viewer.get("/api/schema").content) == viewer.get("/api/schema?format=json").json()
    served = viewer.get("/api/schema/", headers={"Accept": "application/vnd.oai.openapi+json"}).json()
    assert served == {**yaml.safe_load(OPENAPI.read_text()), "servers": [{"url": "/"}]}


@pytest.fixture(scope="module")
def document():
    return yaml.safe_load(OPENAPI.read_text())


@pytest.fixture
def validate(document):
    """A function that holds a value to a schema of the document, times and ids to their format included."""

    def hold(value: Any, schema: dict[str, Any]) -> None:
        whole = {**schema, "components": document["components"]}
        checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
        jsonschema.Draft202012Validator(whole, format_checker=checker).validate(value)

    return hold


def schema_named(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


@pytest.mark.django_db
def test_answers_have_the_shape_that_the_document_gives(document, validate, operator):
    run = TrainingRunFactory(domain__name="medical", run_number=1, sample_count=80, optimizer="gepa", config={"a": [1]})
    other = TrainingRunFactory(domain=run.domain, run_number=2)
    DomainFactory(name="never")
    send(
        run,
        PhaseEvent(n=1, phase="loading_data"),
        ProgressEvent(n=2, fraction=0.1, message="m", metrics={"f1": 0.5, "a": None, "b": "x", "c": True}),
        LogEvent(n=3, level="INFO", message="", step="s", metrics={"loss": 2}),
        FailEvent(n=4, error="no memory"),
    )
    send(other, CompleteEvent(n=1, message="done", metrics={"f1": 1}, result={"prompts": {"a": "b"}}))
    run_path = f"training-runs/{run.public_id}"
    in_domain = "domains/{domain_name}"
    for template, path in [
        ("domains", "domains"),
        (in_domain, "domains/medical"),
        (in_domain, "domains/never"),
        (f"{in_domain}/training-status", "domains/medical/training-status"),
        (f"{in_domain}/training-status", "domains/medical/training-status?run=1"),
        (f"{in_domain}/training-logs", "domains/medical/training-logs?run=1"),
        (f"{in_domain}/training-logs", "domains/never/training-logs"),
        (f"{in_domain}/training-history", "domains/medical/training-history"),
        (f"{in_domain}/training-metrics", "domains/medical/training-metrics?run=1"),
        (f"{in_domain}/training-comparison", f"domains/medical/training-comparison?run=1&run={other.run_number}"),
        (f"{in_domain}/training-runs", "domains/medical/training-runs"),
        (f"{in_domain}/training-runs/{{run_number}}", "domains/medical/training-runs/2"),
        ("training-runs/{training_run_id}", run_path),
        ("training-runs/{training_run_id}/result", f"training-runs/{other.public_id}/result"),
    ]:
        operation = document["paths"][f"{API}/{template}"]["get"]
        answer = operator.get(f"{API}/{path}")
        assert answer.status_code == 200
        validate(answer.json(), operation["responses"]["200"]["content"]["application/json"]["schema"])
    validate(operator.get(f"{API}/domains/nowhere").json(), schema_named("Problem"))
    validate(operator.post(f"{API}/domains", {}, format="json").json(), schema_named("Problem"))


VALID_BODIES: list[tuple[str, str, str, Any, int]] = [
    ("post", "domains", "domains", {"name": "legal", "description": "Long enough."}, 201),
    ("post", "domains", "domains", {"name": "law", "description": "Long enough.", "llm_model": None}, 201),
    ("patch", "domains/{domain_name}", "domains/medical", {}, 200),
    ("patch", "domains/{domain_name}", "domains/medical", {"stall_limit_s": 0.5, "kept_runs": None}, 200),
    ("post", "domains/{domain_name}/training-runs", "domains/medical/training-runs", {}, 201),
    (
        "post",
        "domains/{domain_name}/training-runs",
        "domains/medical/training-runs",
        {
            "id": "6f9619ff-8b86-4011-b42d-00c04fc964ff",
            "llm_model": None,
            "optimizer": "gepa",
            "sample_count": 2**40,
            "config": {"a": {"b": [1, None]}},
            "tags": ["a"],
            "note": None,
        },
        201,
    ),
    ("patch", "training-runs/{training_run_id}", "training-runs/{run}", {"tags": [], "note": "x"}, 200),
    ("post", "training-runs/{training_run_id}/events", "training-runs/{run}/events", {"events": []}, 200),
    (
        "post",
        "training-runs/{training_run_id}/events",
        "training-runs/{run}/events",
        {
            "source": None,
            "sent_at": "2026-01-20T15:05:00Z",
            "events": [
                {"n": 1, "type": "phase", "phase": "loading_data", "message": None, "timestamp": None},
                {"n": 2, "type": "progress", "fraction": 1, "metrics": {"a": 0.5, "b": None, "c": "x", "d": False}},
                {"n": 3, "type": "log", "level": "ERROR", "message": "", "step": None, "metrics": {}},
                {"n": 4, "type": "complete", "result": {"prompts": [1]}},
            ],
        },
        200,
    ),
    (
        "post",
        "training-runs/{training_run_id}/events",
        "training-runs/{run}/events",
        {"events": [{"n": 1, "type": "fail", "error": "it broke", "reason": "lost"}]},
        200,
    ),
    ("post", "stream-tickets", "stream-tickets", {"domain": "medical"}, 201),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("method", "template", "path", "body", "status"), VALID_BODIES)
def test_what_is_taken_is_what_the_document_lets_send(
    document, validate, operator, method, template, path, body, status
):
    run = TrainingRunFactory(domain__name="medical")
    operation = document["paths"][f"{API}/{template}"][method]
    validate(body, operation["requestBody"]["content"]["application/json"]["schema"])
    answer = getattr(operator, method)(f"{API}/{path.format(run=run.public_id)}", body, format="json")
    assert answer.status_code == status, answer.content
    validate(answer.json(), operation["responses"][str(status)]["content"]["application/json"]["schema"])


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("schema", "path", "body"),
    [
        ("NewDomain", "domains", {"name": "Legal", "description": "Long enough."}),
        ("NewDomain", "domains", {"name": "legal", "description": "short"}),
        ("NewDomain", "domains", {"name": "legal", "description": "Long enough.", "more": 1}),
        ("NewRun", "domains/medical/training-runs", {"id": "x"}),
        ("NewRun", "domains/medical/training-runs", {"config": []}),
        ("Batch", "training-runs/{run}/events", {"events": [{"n": 1, "type": "log", "message": "m"}]}),
        ("Batch", "training-runs/{run}/events", {"events": [{"n": 0, "type": "complete"}]}),
        ("Batch", "training-runs/{run}/events", {"events": [{"n": 1, "type": "phase", "phase": "x"}]}),
        ("Batch", "training-runs/{run}/events", {"events": [{"n": 1, "type": "complete", "metrics": {"a": {}}}]}),
        ("Batch", "training-runs/{run}/events", {"events": [{"n": 1, "type": "other"}]}),
    ],
)
def test_what_the_document_does_not_let_send_is_refused(validate, operator, schema, path, body):
    run = TrainingRunFactory(domain__name="medical")
    with pytest.raises(jsonschema.ValidationError):
        validate(body, schema_named(schema))
    answer = operator.post(f"{API}/{path.format(run=run.public_id)}", body, format="json")
    assert answer.status_code == 422
    validate(answer.json(), schema_named("Problem"))


def operations_of(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [operation for path in document["paths"].values() for operation in path.values()]


def objects_in(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from objects_in(item)


def test_every_operation_has_an_id_and_says_what_an_error_looks_like(document):
    operations = operations_of(document)
    assert len({operation["operationId"] for operation in operations}) == len(operations)
    tags = {tag["name"] for tag in document["tags"]}
    for operation in operations:
        assert "application/problem+json" in operation["responses"]["default"]["content"]
        assert all(response["description"] for response in operation["responses"].values())
        assert operation["description"]
        assert operation["summary"]
        assert set(operation["tags"]) <= tags


def test_ids_in_paths_are_uuids(document):
    parameters = [parameter for operation in operations_of(document) for parameter in operation.get("parameters", [])]
    ids = [parameter for parameter in parameters if parameter["name"] == "training_run_id"]
    in_paths = [parameter for parameter in ids if parameter["in"] == "path"]
    assert len(in_paths) == 19
    assert all(parameter["schema"] == {"type": "string", "format": "uuid"} for parameter in in_paths)


def test_bodies_are_required_but_for_a_start(document):
    bodies = {o["operationId"]: o["requestBody"]["required"] for o in operations_of(document) if "requestBody" in o}
    assert {name for name, required in bodies.items() if not required} == {"start_training_run"}


def test_only_what_viewers_may_do_can_be_open(document):
    open_to_all = [operation for operation in operations_of(document) if {} in operation["security"]]
    assert all(operation["operationId"].startswith(("list_", "get_", "download_", "compare_", "stream_", "make_"))
               for operation in open_to_all)  # fmt: skip


@pytest.mark.parametrize("name", ["ReportedEvent", "TrainingEvent"])
def test_unions_have_a_discriminator(document, name):
    union = document["components"]["schemas"][name]
    choices = {choice["$ref"] for choice in union["oneOf"]}
    assert set(union["discriminator"]["mapping"].values()) == choices
    for value, reference in union["discriminator"]["mapping"].items():
        kind = document["components"]["schemas"][reference.rsplit("/", 1)[1]]
        values = kind["properties"][union["discriminator"]["propertyName"]]
        assert value in document["components"]["schemas"].get(values.get("$ref", "").rsplit("/", 1)[-1], values)["enum"]


def test_what_generators_of_clients_stumble_over_is_not_there(document):
    schemas = document["components"]["schemas"]
    for part in objects_in(document):
        if isinstance(part.get("$ref"), str):
            assert part["$ref"].removeprefix("#/components/schemas/") in schemas
        types = part.get("type")
        for kind in types if isinstance(types, list) else [types]:
            if kind in ("integer", "number"):
                assert part["format"] in ("int32", "int64", "double"), part
        if isinstance(part.get("enum"), list):
            assert part["type"] == "string", part
        if "in" in part and part.get("schema", {}).get("type") == "array":
            assert (part["style"], part["explode"]) == ("form", True)
        assert not ("default" in part and part["default"] is None)
        if isinstance(part.get("pattern"), str):
            assert "(?" not in part["pattern"]  # not every language knows it
