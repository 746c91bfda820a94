"""The training: seven phases from nothing to saved prompts."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dspy
from aegis_tracker import phases

from domain_training.dataset import BadDataError, Dataset, DatasetReader, locate_files
from domain_training.models import make_model
from domain_training.optimization import optimize
from domain_training.prompts import extract_prompt
from domain_training.report import Report
from domain_training.tasks import make_tasks
from domain_training.validation import validate


@dataclass(frozen=True)
class Settings:
    """What a person chooses for a training."""

    domain: str
    data: list[Path]
    model: str
    optimizer: str
    pace_s: float
    out: Path
    seed: int
    threads: int
    show: bool = False
    price: float | None = None


@dataclass(frozen=True)
class Outcome:
    """What a training produced."""

    metrics: dict[str, float]
    result: dict[str, Any]


def train(settings: Settings, report: Report) -> Outcome:
    """Run the whole training. Raises `BadDataError`, before anything is trained, when a line is wrong."""
    _initialize(settings, report)
    dataset = _load_data(settings, report)
    tasks = make_tasks(settings.domain, dataset)
    optimized = []
    for task, phase in zip(
        tasks,
        (phases.ENTITY_EXTRACTION_OPTIMIZATION, phases.RELATION_EXTRACTION_OPTIMIZATION),
        strict=True,
    ):
        optimized.append(
            optimize(task, phase, settings.optimizer, report, threads=settings.threads, seed=settings.seed)
        )
    entity_program, relation_program = optimized

    report.enter_phase(phases.PROMPT_EXTRACTION, "Two prompts")
    prompts = {}
    for number, (task, program) in enumerate(zip(tasks, optimized, strict=True), start=1):
        prompts[f"{task.name}_extraction"] = prompt = extract_prompt(program)
        report.update_progress(
            number / len(tasks),
            f"{task.name.capitalize()} prompt: {len(prompt['demonstrations'])} demonstrations,"
            f" instruction “{prompt['instruction']}”",
        )

    metrics = validate(tasks, (entity_program, relation_program), report, threads=settings.threads)

    report.enter_phase(phases.SAVING_RESULTS, f"Folder {settings.out.name}")
    result = {
        "domain": settings.domain,
        "model": settings.model,
        "optimizer": settings.optimizer,
        "metrics": metrics,
        "prompts": prompts,
    }
    path = _save(result, settings)
    report.update_progress(1.0, f"Saved {path.name}")
    return Outcome(metrics, result)


def _initialize(settings: Settings, report: Report) -> None:
    report.enter_phase(phases.INITIALIZATION, f"DSPy {dspy.__version__}, model {settings.model}")
    dspy.configure(lm=make_model(settings.model, pace_s=settings.pace_s, price=settings.price))
    report.update_progress(0.5, "Model configured")
    dspy.settings.lm("Answer with one word: are you ready?")
    report.update_progress(1.0, "Model answers")


def _load_data(settings: Settings, report: Report) -> Dataset:
    report.enter_phase(phases.LOADING_DATA, f"Data of the domain {settings.domain}")
    reader = DatasetReader()
    files = locate_files(settings.data)
    splits = {}
    for number, (split, path) in enumerate(files.items(), start=1):
        splits[split] = reader.read(path)
        report.update_progress(number / len(files), f"{len(splits[split])} good samples in {path.name}")
    if reader.problems:
        for problem in reader.problems:
            report.log("ERROR", problem)
        raise BadDataError(reader.problems)
    return Dataset(**splits)


def _save(result: dict[str, Any], settings: Settings) -> Path:
    settings.out.mkdir(parents=True, exist_ok=True)
    path = settings.out / f"{settings.domain}-{settings.optimizer}.json"
    path.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return path
