"""Whole trainings, seen from the service they report to."""

import json
import logging
from pathlib import Path

import pytest
from aegis_tracker import TrainingLogHandler, TrainingProgressTracker
from aegis_tracker.phases import PHASES
from command_line import run_training
from domain_training.command import warnings_told_to
from recording_service import RecordingService, recording_service
from watched_findings import of_type, used

OPTIMIZERS = ("bootstrap", "miprov2", "gepa")


@pytest.fixture(scope="module", params=OPTIMIZERS)
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[RecordingService, Path]:
    """A service that has seen a whole training with one of the optimisers, and the file it saved."""
    folder = tmp_path_factory.mktemp(request.param)
    with recording_service() as service:
        finished = run_training(service, folder, "--optimizer", request.param)
        assert finished.returncode == 0, finished.stderr
        assert "it/s" not in finished.stdout + finished.stderr
    return service, folder / "out" / f"medical-{request.param}.json"


def test_it_goes_through_all_phases_in_order(trained: tuple[RecordingService, Path]) -> None:
    service, _ = trained
    assert list(service.fractions_by_phase()) == list(PHASES)
    assert service.events[-1]["type"] == "complete"


def test_progress_never_goes_back_and_every_phase_ends_at_one(trained: tuple[RecordingService, Path]) -> None:
    service, _ = trained
    for phase, fractions in service.fractions_by_phase().items():
        assert fractions == sorted(fractions), phase
        assert fractions[-1] == 1.0, phase


def test_progress_inside_an_optimisation_comes_in_small_steps(trained: tuple[RecordingService, Path]) -> None:
    service, _ = trained
    for phase in ("entity_extraction_optimization", "relation_extraction_optimization"):
        fractions = service.fractions_by_phase()[phase]
        steps = [after - before for before, after in zip([0.0, *fractions], fractions, strict=False)]
        assert len(set(fractions)) > 60
        assert max(steps) < 0.2


def test_both_scores_end_above_where_they_began(trained: tuple[RecordingService, Path]) -> None:
    service, _ = trained
    final = service.events[-1]["metrics"]
    for name in ("entity_f1", "relation_f1"):
        seen = [event["metrics"][name] for event in service.events if name in event.get("metrics", {})]
        assert seen[-1] > seen[0]
        assert final[name] > final[f"{name}_baseline"] + 0.3


def test_the_metric_of_a_search_is_the_best_so_far(trained: tuple[RecordingService, Path]) -> None:
    service, _ = trained
    searching = service.events[: [event.get("phase") for event in service.events].index("model_validation")]
    for name in ("entity_f1", "relation_f1"):
        told = [event["metrics"] for event in searching if event["type"] == "progress" and "metrics" in event]
        seen = [metrics[name] for metrics in told if name in metrics]
        assert seen == sorted(seen)


def test_what_is_found_and_used_is_reported(trained: tuple[RecordingService, Path]) -> None:
    service, path = trained
    candidates = {event["candidate"]: event for event in of_type(service.events, "candidate")}
    evaluations = of_type(service.events, "evaluation")
    assert [event["origin"] for event in candidates.values()].count("initial") == 2
    assert {event["metric"] for event in evaluations} == {"entity_f1", "relation_f1"}
    tested = [event for event in evaluations if event["split"] == "test"]
    assert [(event["metric"], event["example_count"]) for event in tested] == [
        (name, 32) for name in ("entity_f1", "entity_f1", "relation_f1", "relation_f1")
    ]
    metrics = json.loads(path.read_text(encoding="utf-8"))["metrics"]
    names = ("entity_f1_baseline", "entity_f1", "relation_f1_baseline", "relation_f1")
    assert [event["score"] for event in tested] == pytest.approx([metrics[name] for name in names])
    prompts = json.loads(path.read_text(encoding="utf-8"))["prompts"]
    for event, name in zip(tested[1::2], ("entity_extraction", "relation_extraction"), strict=True):
        (predictor,) = candidates[event["candidate"]]["predictors"].values()
        assert predictor["instruction"] == prompts[name]["instruction"]
        assert len(predictor["demonstrations"]) == len(prompts[name]["demonstrations"])
    assert used(service.events)["calls"] > 200
    assert all("cost" not in model for event in of_type(service.events, "usage") for model in event["models"])


def test_a_price_of_the_stand_in_gives_a_cost(tmp_path: Path) -> None:
    with recording_service() as service:
        finished = run_training(service, tmp_path, "--optimizer", "bootstrap", "--price", "2", "--threads", "4")
    assert finished.returncode == 0, finished.stderr
    sums = used(service.events)
    cost = sum(model["cost"] for event in of_type(service.events, "usage") for model in event["models"])
    assert cost == pytest.approx((sums["input_tokens"] + sums["output_tokens"]) * 2 / 1_000_000)


def test_people_have_something_to_read(trained: tuple[RecordingService, Path]) -> None:
    service, _ = trained
    readable = [entry for entry in service.log_entries() if entry.get("level", "INFO") == "INFO"]
    assert len(readable) >= 30
    assert not any("it/s" in entry.get("message", "") for entry in service.log_entries())


def test_the_result_is_what_the_file_says(trained: tuple[RecordingService, Path]) -> None:
    service, path = trained
    saved = json.loads(path.read_text(encoding="utf-8"))
    assert service.events[-1]["result"] == saved
    assert service.events[-1]["metrics"] == saved["metrics"]
    for name in ("entity_extraction", "relation_extraction"):
        prompt = saved["prompts"][name]
        assert prompt["demonstrations"] or len(prompt["instruction"]) > 60


def test_the_run_says_what_it_is(trained: tuple[RecordingService, Path]) -> None:
    service, _ = trained
    assert service.start_event["llm_model"] == "stand-in"
    assert service.start_event["sample_count"] == 112


def test_a_request_to_stop_stops_it(tmp_path: Path) -> None:
    with recording_service(cancel_after=20) as service:
        finished = run_training(service, tmp_path, "--pace", "0.02")
    assert finished.returncode == 130
    assert service.events[-1]["type"] == "fail"
    assert "model_validation" not in service.fractions_by_phase()


def test_a_request_to_stop_stops_several_threads(tmp_path: Path) -> None:
    with recording_service(cancel_after=20) as service:
        finished = run_training(service, tmp_path, "--pace", "0.02", "--threads", "4")
    assert finished.returncode == 130
    assert service.events[-1]["type"] == "fail"


def test_a_stopped_gepa_keeps_its_best_program(tmp_path: Path) -> None:
    with recording_service(cancel_after=60) as service:
        finished = run_training(service, tmp_path, "--optimizer", "gepa", "--pace", "0.02")
    assert finished.returncode == 130
    assert service.events[-1]["type"] == "fail"
    kept = [event for event in service.events if "returns its best program" in event.get("message", "")]
    assert len(kept) == 1
    assert "relation_extraction_optimization" not in service.fractions_by_phase()


def test_bad_data_are_named_and_nothing_is_trained(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    good = '{"text": "Aspirin treats pain %d.", "entities": ["Aspirin"], "relations": []}\n'
    (data / "train.jsonl").write_text(good % 1 + "{oops\n" + good % 2 + good % 1)
    (data / "dev.jsonl").write_text(good % 3 + '{"text": "x", "entities": ["y"], "relations": []}\n' + good % 4)
    (data / "test.jsonl").write_text(good % 5 + good % 6 + good % 7)
    with recording_service() as service:
        finished = run_training(service, tmp_path, "--data", str(data))
    assert finished.returncode == 1
    assert list(service.fractions_by_phase()) == ["initialization", "loading_data"]
    named = [event["message"] for event in service.events if event.get("level") == "ERROR"]
    assert [message.split(":")[0] for message in named] == [
        "train.jsonl line 2",
        "train.jsonl line 4",
        "dev.jsonl line 2",
    ]
    assert all(message in finished.stderr for message in named)
    assert service.events[-1]["type"] == "fail"
    assert "train.jsonl line 2" in service.events[-1]["error"]
    assert not (tmp_path / "out").exists()


def test_what_libraries_warn_of_stands_in_the_log(tmp_path: Path) -> None:
    with recording_service() as service:
        tracker = TrainingProgressTracker("medical", url=service.url, token="aegis_test", spool_dir=tmp_path)
        with tracker, warnings_told_to(tracker):
            logging.getLogger("another.package").warning("this model is old")
            logging.getLogger("another.package").info("not for people")
        assert tracker.flush(30)
        assert [event["message"] for event in service.events if event["type"] == "log"] == ["this model is old"]
    assert not [handler for handler in logging.getLogger().handlers if isinstance(handler, TrainingLogHandler)]
