"""Measure both programs on samples that no optimiser has seen, beside the programs as they were before."""

import dspy

from domain_training.dspy_output import forwarded_to
from domain_training.evaluation import evaluate
from domain_training.metric import make_metric
from domain_training.report import Report
from domain_training.scoring import mean
from domain_training.tasks import Task
from domain_training.work import Work


def validate(
    tasks: tuple[Task, Task], programs: tuple[dspy.Predict, dspy.Predict], report: Report, *, threads: int
) -> dict[str, float]:
    """The final metrics.

    `entity_f1` and `relation_f1` are the mean F1 of the test samples; with `_baseline` appended, the same of
    the programs before optimisation. `validation_accuracy` is the share of test samples for which both
    answers are entirely right.
    """
    totals = {f"{task.name} {when}": len(task.test) for task in tasks for when in ("before", "after")}
    work = Work(totals, report.progress)
    metrics: dict[str, float] = {}
    after: list[list[float]] = []
    with forwarded_to(report):
        for task, program in zip(tasks, programs, strict=True):
            before = _scores(task, task.program, work, "before", threads)
            after.append(_scores(task, program, work, "after", threads))
            measured = {f"{task.metric_name}_baseline": mean(before), task.metric_name: mean(after[-1])}
            metrics |= measured
            report.progress(
                work.fraction,
                f"{task.name.capitalize()} F1 {mean(after[-1]):.3f} on {len(task.test)} test samples,"
                f" before optimisation {mean(before):.3f}",
                measured,
            )
    right = [float(min(scores) == 1.0) for scores in zip(*after, strict=True)]
    return metrics | {"validation_accuracy": mean(right)}


def _scores(task: Task, program: dspy.Predict, work: Work, when: str, threads: int) -> list[float]:
    part = f"{task.name} {when}"
    metric = make_metric(task.compare, lambda while_bootstrapping, f1: work.advance(part))
    scores = evaluate(program, task.test, metric, threads)
    work.settle(part)
    return scores
