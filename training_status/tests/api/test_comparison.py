"""Runs side by side over HTTP."""

from datetime import timedelta

import jsonschema
import pytest
import yaml
from django.utils import timezone

from tests.support.factories import DomainFactory, PhaseTimingFactory, TrainingRunFactory, new_id
from tests.support.project import OPENAPI
from training_status.models import PhaseTiming
from training_status.read.comparison import PROMPT_CHARACTERS_MAX, PROMPTS_MAX
from training_status.serializers.comparison import METRICS_MAX, SETTINGS_MAX

pytestmark = pytest.mark.django_db

PATH = "/api/v1/admin/domains/medical/training-comparison"
BEGUN = timezone.now() - timedelta(hours=1)


@pytest.fixture
def domain():
    return DomainFactory(name="medical")


@pytest.fixture
def runs(domain):
    """A completed run, a failed one and one that is running."""
    completed = TrainingRunFactory(
        domain=domain,
        completed=True,
        run_number=1,
        created_at=BEGUN,
        metrics={"f1": 0.5, "loss": 3, "by": "hand"},
        optimizer="gepa",
        sample_count=80,
        config={"teacher": {"model": "a", "temperature": 0}, "seed": 1},
        tags=["nightly"],
        result={"prompts": {"entity": "Name them.", "relation": {"instruction": "Say how.", "demonstrations": [1]}}},
    )
    failed = TrainingRunFactory(domain=domain, lost=True, run_number=2, created_at=BEGUN, metrics={"f1": 0.25})
    running = TrainingRunFactory(
        domain=domain,
        running=True,
        run_number=3,
        created_at=BEGUN,
        metrics={"f1": 0.75, "fresh": 1},
        config={"teacher": {"model": "a"}, "seed": 1.0},
    )
    phases = {"phase": "loading_data", "started_at": BEGUN}
    PhaseTimingFactory(run=completed, ended_at=BEGUN + timedelta(seconds=90.5), **phases)
    PhaseTimingFactory(run=failed, ended_at=None, **phases)
    PhaseTimingFactory(run=running, ended_at=None, **phases)
    return completed, failed, running


def by_name(rows: list[dict], values: str) -> dict:
    return {row["name"]: row[values] for row in rows}


def test_it_works(viewer, runs):
    completed, failed, running = runs
    asked_at = timezone.now()
    response = viewer.get(f"{PATH}?run=3&run=1&run=2")
    answered_at = timezone.now()
    assert response.status_code == 200
    body = response.json()
    assert body["domain_name"] == "medical"
    assert (body["baseline_run_number"], body["baseline_metrics"], body["cut_off"]) == (None, None, [])
    assert [run["training_run_id"] for run in body["runs"]] == [
        str(run.public_id) for run in (running, completed, failed)
    ]
    assert body["runs"][1] == {
        "run_number": 1,
        "training_run_id": str(completed.public_id),
        "status": "completed",
        "failure_reason": None,
        "started_at": BEGUN.isoformat().replace("+00:00", "Z"),
        "duration_ms": 300_000,
        "metrics": {"f1": 0.5, "loss": 3, "by": "hand"},
        "llm_model": "qwen3:32b",
        "optimizer": "gepa",
        "sample_count": 80,
        "tags": ["nightly"],
    }
    assert [run["status"] for run in body["runs"]] == ["training", "completed", "failed"]
    assert body["metrics"] == [
        {"name": "f1", "values": [0.75, 0.5, 0.25]},
        {"name": "fresh", "values": [1, None, None]},
        {"name": "loss", "values": [None, 3, None]},
    ]
    assert len(body["phases"]) == 7
    loading = body["phases"][1]
    assert (loading["phase"], loading["seconds"][1:]) == ("loading_data", [90.5, 300.0])
    so_far = timedelta(seconds=loading["seconds"][0])
    assert asked_at <= BEGUN + so_far <= answered_at
    assert body["phases"][2]["seconds"] == [None, None, None]
    assert body["configuration"] == [
        {"name": "llm_model", "values": ["qwen3:32b"] * 3, "differs": False},
        {"name": "optimizer", "values": [None, "gepa", None], "differs": True},
        {"name": "sample_count", "values": [None, 80, None], "differs": True},
        {"name": "seed", "values": [1.0, 1, None], "differs": True},
        {"name": "teacher.model", "values": ["a", "a", None], "differs": True},
        {"name": "teacher.temperature", "values": [None, 0, None], "differs": True},
    ]
    assert body["prompts"] == [
        {"name": "entity", "texts": [None, "Name them.", None], "is_cut_off": False},
        {"name": "relation.demonstrations", "texts": [None, "[\n    1\n]", None], "is_cut_off": False},
        {"name": "relation.instruction", "texts": [None, "Say how.", None], "is_cut_off": False},
    ]


def test_the_document_says_so(viewer, runs):
    document = yaml.safe_load(OPENAPI.read_text())
    schema = {"$ref": "#/components/schemas/TrainingComparison", "components": document["components"]}
    jsonschema.validate(viewer.get(f"{PATH}?run=3&run=1").json(), schema)


@pytest.mark.parametrize("count", [2, 20])
def test_it_takes_three_queries(viewer, domain, count, django_assert_num_queries):
    for number in range(1, count + 1):
        run = TrainingRunFactory(domain=domain, completed=True, run_number=number, config={"a": number})
        PhaseTimingFactory(run=run)
    address = f"{PATH}?" + "&".join(f"run={number}" for number in range(1, count + 1))
    viewer.get(address)  # notes the token's use, at most once a minute
    with django_assert_num_queries(3):
        assert viewer.get(address).status_code == 200


def test_by_id_and_each_run_once(viewer, runs):
    completed, failed, running = runs
    query = f"run=2&run=2&training_run_id={completed.public_id}&training_run_id={failed.public_id}"
    assert [run["run_number"] for run in viewer.get(f"{PATH}?{query}").json()["runs"]] == [2, 1]
    query = f"training_run_id={running.public_id}&training_run_id={completed.public_id}"
    assert [run["run_number"] for run in viewer.get(f"{PATH}?{query}").json()["runs"]] == [3, 1]


def test_the_pinned_baseline_is_told_whether_compared_or_not(viewer, runs, domain):
    domain.baseline_run_number = 1
    domain.save()
    for query in ("run=3&run=2", "run=1&run=2"):
        body = viewer.get(f"{PATH}?{query}").json()
        assert (body["baseline_run_number"], body["baseline_metrics"]["f1"]) == (1, 0.5)
        assert len(body["runs"]) == 2
        assert viewer.get(f"{PATH}?run=3&run=2").json()["prompts"] == []


def test_a_run_that_went_silent_after_a_cancel_request_has_failed(viewer, runs):
    _, _, running = runs
    running.cancel_requested_at = BEGUN
    running.last_report_at = BEGUN + timedelta(seconds=10)
    running.save()
    (run, _) = viewer.get(f"{PATH}?run=3&run=1").json()["runs"]
    assert (run["status"], run["failure_reason"]) == ("failed", "cancelled")


@pytest.mark.parametrize(
    ("query", "field", "detail"),
    [
        ("", "run", "2 to 20 different runs can be compared, not 0"),
        ("run=1", "run", "2 to 20 different runs can be compared, not 1"),
        ("run=1&run=1", "run", "2 to 20 different runs can be compared, not 1"),
        ("&".join(f"run={n}" for n in range(1, 22)), "run", "2 to 20 different runs can be compared, not 21"),
        ("run=1&run=0", "run", "run must be a positive whole number"),
        ("run=1&run=", "run", "run must be a positive whole number"),
        ("run=1&run=-2", "run", "run must be a positive whole number"),
        ("run=1&run=x", "run", "run must be a positive whole number"),
        ("run=1&run=2%00", "run", "run must be a positive whole number"),
        ("run=1&training_run_id=7", "training_run_id", "training_run_id must be a UUID"),
    ],
)
def test_what_cannot_be_asked(viewer, runs, query, field, detail):
    response = viewer.get(f"{PATH}?{query}")
    assert response.status_code == 422
    assert response.json()["errors"] == [{"field": field, "detail": detail}]


def test_a_run_twice_by_number_and_id_is_one(viewer, runs):
    response = viewer.get(f"{PATH}?run=1&training_run_id={runs[0].public_id}")
    assert (response.status_code, response.json()["detail"]) == (422, "2 to 20 different runs can be compared, not 1")


def test_what_is_not_there(viewer, runs):
    nobody = new_id()
    for path, code, detail in (
        (PATH.replace("medical", "nowhere") + "?run=1&run=2", "domain_not_found", "There is no domain 'nowhere'."),
        (f"{PATH}?run=1&run=7", "run_not_found", "There is no run 7 of domain 'medical'."),
        (f"{PATH}?run=1&training_run_id={nobody}", "run_not_found", f"There is no training run {nobody}."),
    ):
        body = viewer.get(path).json()
        assert (body["status"], body["code"], body["detail"]) == (404, code, detail)
    assert viewer.get(f"{PATH}?run=1&run=" + "9" * 40).status_code == 404
    assert viewer.get(f"{PATH.replace('medical', 'a%00b')}?run=1&run=2").status_code == 404
    DomainFactory(name="never")
    assert viewer.get(f"{PATH.replace('medical', 'never')}?run=1&run=2").json()["code"] == "run_not_found"


def test_a_run_of_another_domain(viewer, client_of, runs, domain):
    other = TrainingRunFactory(domain__name="legal")
    address = f"{PATH}?run=1&training_run_id={other.public_id}"
    response = viewer.get(address)
    assert response.status_code == 422
    assert response.json()["detail"] == f"The run {other.public_id} is of domain 'legal', not of 'medical'"
    bound = client_of("viewer", domain=domain).get(address)
    assert (bound.status_code, bound.json()["detail"]) == (404, f"There is no training run {other.public_id}.")


def test_who_may(client, client_of, runs, domain):
    address = f"{PATH}?run=1&run=2"
    assert client.get(address).status_code == 401
    assert client_of("viewer", domain=domain).get(address).status_code == 200
    stranger = client_of("operator", domain=DomainFactory()).get(address)
    assert (stranger.status_code, stranger.json()["code"]) == (404, "domain_not_found")


def test_names_that_could_be_mistaken(viewer, domain):
    config = {"llm_model": "x", "a.b": 1, "a": {"b": 2, "none": {}, "list": [{"c": 1}]}}
    TrainingRunFactory(domain=domain, run_number=1, config=config)
    TrainingRunFactory(domain=domain, run_number=2, config={"a": {"b": True}, "a.b": 1})
    found = by_name(viewer.get(f"{PATH}?run=1&run=2").json()["configuration"], "values")
    assert found == {
        "llm_model": ["qwen3:32b", "qwen3:32b"],
        "optimizer": [None, None],
        "sample_count": [None, None],
        '"a.b"': [1, 1],
        "a.b": [2, True],
        "a.list": [[{"c": 1}], None],
        "a.none": [{}, None],
        "config.llm_model": ["x", None],
    }


@pytest.mark.parametrize(
    ("one", "other", "differs"),
    [
        (1, 1.0, False),
        (1, True, True),
        (None, None, False),
        ({}, [], True),
        ("1", 1, True),
        ([1, "a"], [1, "a"], False),
    ],
)
def test_what_differs(viewer, domain, one, other, differs):
    TrainingRunFactory(domain=domain, run_number=1, config={"x": one})
    TrainingRunFactory(domain=domain, run_number=2, config={"x": other})
    assert by_name(viewer.get(f"{PATH}?run=1&run=2").json()["configuration"], "differs")["x"] is differs


def test_what_is_too_long_is_cut_off_and_said_to_be(viewer, domain):
    half = PROMPT_CHARACTERS_MAX // 2
    prompts = {"a": "é" * half, "b": "x" * (half + 1), **{f"p{n:03}": str(n) for n in range(PROMPTS_MAX)}}
    config = {f"c{n:04}": n for n in range(SETTINGS_MAX + 10)}
    metrics = {f"m{n:04}": n for n in range(METRICS_MAX + 10)}
    for number in (1, 2):
        last = {"zz": number}
        TrainingRunFactory(
            domain=domain,
            completed=True,
            run_number=number,
            config=config | last,
            metrics=metrics,
            result={"prompts": prompts},
        )
    body = viewer.get(f"{PATH}?run=1&run=2").json()
    assert body["cut_off"] == ["metrics", "configuration", "prompts"]
    assert [len(body[name]) for name in body["cut_off"]] == [METRICS_MAX, SETTINGS_MAX, PROMPTS_MAX]
    assert by_name(body["configuration"], "values")["zz"] == [1, 2]
    assert by_name(body["prompts"], "is_cut_off") == {row["name"]: row["name"] == "b" for row in body["prompts"]}
    assert [len(text) for text in by_name(body["prompts"], "texts")["b"]] == [half, half]


def test_a_deep_config_with_long_names_stays_small(viewer, domain):
    deep: dict = {"leaf": 1}
    for _ in range(60):
        deep = {"k" * 500: deep}
    for number in (1, 2):
        TrainingRunFactory(domain=domain, run_number=number, config=deep)
    names = by_name(viewer.get(f"{PATH}?run=1&run=2").json()["configuration"], "differs")
    assert max(map(len, names)) == 500


@pytest.mark.parametrize("prompts", [None, [], "text", 7, {}, {"entity": None}])
def test_a_result_whose_prompts_are_of_another_kind(viewer, domain, prompts):
    for number in (1, 2):
        TrainingRunFactory(domain=domain, completed=True, run_number=number, result={"prompts": prompts})
    found = viewer.get(f"{PATH}?run=1&run=2").json()["prompts"]
    assert [row["texts"] for row in found] == ([["null", "null"]] if prompts == {"entity": None} else [])


def test_phase_times_of_others_do_not_mix_in(viewer, runs):
    assert PhaseTiming.objects.count() == 3
    body = viewer.get(f"{PATH}?run=1&run=2").json()
    assert [row["seconds"] for row in body["phases"] if any(row["seconds"])] == [[90.5, 300.0]]
