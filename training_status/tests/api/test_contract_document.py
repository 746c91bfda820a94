"""docs/contract.md names every operation, status field, error code and phase that the service has, and no other."""

import ast
import re

import pytest
import yaml

from tests.support.project import PROJECT
from training_status.api.problems import _CODES
from training_status.phases import PHASES

CONTRACT = (PROJECT / "docs" / "contract.md").read_text()
API = "/api/v1/admin"
# Written out where the path is; the page calls a run's id `id` and its number `n`.
SHORT_NAMES = {"{domain_name}": "{name}", "{training_run_id}": "{id}", "{run_number}": "{n}"}
NOT_OVER_HTTP = {"admin", "management", "operations", "tests"}
COMMANDS_ALONE = {"run_exists", "run_number_taken"}  # of manage.py import_run


@pytest.fixture(scope="module")
def document():
    return yaml.safe_load((PROJECT / "openapi.yaml").read_text())


def test_the_operations_are_those_of_the_openapi_document(document):
    known = set()
    for path, methods in document["paths"].items():
        short = path.removeprefix(API)
        for name, shorter in SHORT_NAMES.items():
            short = short.replace(name, shorter)
        known |= {f"{method.upper()} {short}" for method in methods}
    assert set(re.findall(r"`((?:GET|POST|PATCH|DELETE) /[^`?\s]+)", CONTRACT)) == known


def test_every_field_of_the_status_object_is_described(document):
    fields = set(document["components"]["schemas"]["TrainingStatus"]["properties"])
    status = CONTRACT.split("## Status")[1].split("## Logs")[0]
    assert fields - set(re.findall(r"`(\w+)`", status)) == set()


def test_the_error_codes_are_those_of_the_code():
    raised = set(_CODES.values())
    for package in ("training_status", "aegis_training"):
        for file in (PROJECT / package).rglob("*.py"):
            if NOT_OVER_HTTP.isdisjoint(file.relative_to(PROJECT).parts):
                raised |= _codes(ast.parse(file.read_text()))
    table = CONTRACT.split("## Errors")[1]
    told = {code for row in re.findall(r"^\| \d{3} \| ([^|]*) \|", table, re.M) for code in re.findall(r"`(\w+)`", row)}
    assert told == raised - COMMANDS_ALONE - {"error"}


def test_the_phases_are_those_of_the_one_list():
    rows = re.findall(r"^\| \d \| `(\w+)` \| (\d+) to (\d+) % \|$", CONTRACT, re.M)
    assert rows == [(phase.name, f"{phase.start:g}", f"{phase.end:g}") for phase in PHASES]


def _codes(tree):
    """The codes of errors in a module: `code="…"` of a call or a class, and the third argument of `problem`."""
    codes = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            values = [keyword.value for keyword in node.keywords if keyword.arg == "code"]
            if getattr(node.func, "id", "") == "problem":
                values += node.args[2:3]
            codes |= {value.value for value in values if isinstance(value, ast.Constant) and value.value}
        if isinstance(node, ast.ClassDef):
            for line in node.body:
                if isinstance(line, ast.Assign) and line.targets[0].id == "code":
                    codes.add(line.value.value)
    return codes
