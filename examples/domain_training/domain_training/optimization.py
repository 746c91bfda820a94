"""Optimise one program and say truthfully how far that is."""

from functools import partial

import dspy
from aegis_tracker.dspy import track
from aegis_tracker.number_text import number_text, number_texts

from domain_training.dspy_output import forwarded_to
from domain_training.evaluation import evaluate
from domain_training.metric import make_metric
from domain_training.optimizers import OPTIMIZERS
from domain_training.optimizers.optimizer import Run
from domain_training.report import Report
from domain_training.scoring import mean
from domain_training.tasks import Task


def optimize(task: Task, phase: str, optimizer_name: str, report: Report, *, threads: int, seed: int) -> dspy.Predict:
    """The optimised program; the one it began with when that is as good on the development samples.

    The phase has three parts, by the calls that each needs: the program is measured as it is, optimised, and
    measured again. The score before anything is optimised is the first value of the task's metric.
    """
    optimizer = OPTIMIZERS[optimizer_name](task)
    samples, metric = len(task.dev), make_metric(task.compare)
    measuring = samples / (2 * samples + optimizer.student_calls)  # the share of each of the two
    data = f"{optimizer_name} with {len(task.train)} training and {samples} development samples"
    follow = partial(track, report, phase, data, metric=task.metric_name)
    with forwarded_to(report):
        with follow(part=(0.0, measuring), evaluation_calls=samples):
            before = mean(evaluate(task.program, task.dev, metric, threads))
        report.update_progress(
            measuring,
            f"Before optimisation: {task.name} F1 {number_text(before)} on {samples} development samples",
            {task.metric_name: before},
        )
        followed = partial(follow, part=(measuring, 1.0 - measuring))
        optimized = optimizer.optimize(Run(report, metric, followed, threads, seed))
        with follow(part=(1.0 - measuring, 1.0), evaluation_calls=samples):
            after = mean(evaluate(optimized, task.dev, metric, threads))
    shown, shown_before = number_texts([after, before])
    report.update_progress(
        1.0,
        f"After optimisation: {task.name} F1 {shown} on {samples} development samples, before {shown_before}",
        {task.metric_name: max(before, after)},
    )
    if after > before:
        return optimized
    report.log("WARNING", f"{optimizer_name} found nothing better: the {task.name} program stays as it was")
    return task.program
