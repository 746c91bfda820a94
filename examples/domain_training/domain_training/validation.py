"""Measure both programs on samples that no optimiser has seen, beside the programs as they were before."""

import dspy
from aegis_tracker import phases
from aegis_tracker.dspy import track
from aegis_tracker.number_text import number_texts

from domain_training.dspy_output import forwarded_to
from domain_training.evaluation import evaluate
from domain_training.metric import make_metric
from domain_training.report import Report
from domain_training.scoring import mean
from domain_training.tasks import Task


def validate(
    tasks: tuple[Task, Task], programs: tuple[dspy.Predict, dspy.Predict], report: Report, *, threads: int
) -> dict[str, float]:
    """The final metrics.

    `entity_f1` and `relation_f1` are the mean F1 of the test samples; with `_baseline` appended, the same of
    the programs before optimisation. `validation_accuracy` is the share of test samples for which both
    answers are entirely right.
    """
    metrics: dict[str, float] = {}
    after: list[list[float]] = []
    for number, (task, program) in enumerate(zip(tasks, programs, strict=True)):
        samples, metric = len(task.test), make_metric(task.compare)
        part = (number / len(tasks), (number + 1) / len(tasks))
        follow = track(
            report,
            phases.MODEL_VALIDATION,
            f"{samples} test samples",
            metric=task.metric_name,
            part=part,
            evaluation_calls=2 * samples,
            split="test",
        )
        with forwarded_to(report), follow:
            before = mean(evaluate(task.program, task.test, metric, threads))
            after.append(evaluate(program, task.test, metric, threads))
        measured = {f"{task.metric_name}_baseline": before, task.metric_name: mean(after[-1])}
        metrics |= measured
        shown, shown_before = number_texts([mean(after[-1]), before])
        report.update_progress(
            part[1],
            f"{task.name.capitalize()} F1 {shown} on {samples} test samples, before optimisation {shown_before}",
            measured,
        )
    right = [float(min(scores) == 1.0) for scores in zip(*after, strict=True)]
    return metrics | {"validation_accuracy": mean(right)}
