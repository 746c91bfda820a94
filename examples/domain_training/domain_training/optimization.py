"""Optimise one program and say truthfully how far that is."""

from functools import partial

import dspy

from domain_training.dspy_output import forwarded_to
from domain_training.evaluation import evaluate
from domain_training.metric import make_metric
from domain_training.optimizers import OPTIMIZERS
from domain_training.optimizers.optimizer import Run
from domain_training.report import Report
from domain_training.scoring import mean
from domain_training.tasks import Task
from domain_training.work import Work


def optimize(task: Task, optimizer_name: str, report: Report, *, threads: int, seed: int) -> dspy.Predict:
    """The optimised program; the one it began with when that is as good on the development samples.

    Reports the fraction after every unit of work; it ends at 1.0. The score before anything is optimised is
    the first value of the task's metric.
    """
    optimizer = OPTIMIZERS[optimizer_name](task)
    samples = len(task.dev)
    work = Work({"before": samples, **optimizer.work_totals(), "after": samples}, report.progress)
    with forwarded_to(report):
        before = _score(task, task.program, work, "before", threads)
        report.progress(
            work.fraction,
            f"Before optimisation: {task.name} F1 {before:.3f} on {samples} development samples",
            {task.metric_name: before},
        )
        optimized = optimizer.optimize(Run(report, work, partial(make_metric, task.compare), threads, seed))
        after = _score(task, optimized, work, "after", threads)
    work.settle_all()
    report.progress(
        1.0,
        f"After optimisation: {task.name} F1 {after:.3f} on {samples} development samples, before {before:.3f}",
        {task.metric_name: max(before, after)},
    )
    if after > before:
        return optimized
    report.log("WARNING", f"{optimizer_name} found nothing better: the {task.name} program stays as it was")
    return task.program


def _score(task: Task, program: dspy.Predict, work: Work, part: str, threads: int) -> float:
    metric = make_metric(task.compare, lambda while_bootstrapping, f1: work.advance(part))
    score = mean(evaluate(program, task.dev, metric, threads))
    work.settle(part)
    return score
