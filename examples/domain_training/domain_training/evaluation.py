"""Measure a program on samples."""

import dspy

from domain_training.metric import Metric


def evaluate(program: dspy.Module, examples: list[dspy.Example], metric: Metric, threads: int) -> list[float]:
    """The F1 of each sample, in their order; a sample on which the program fails counts 0."""
    measure = dspy.Evaluate(devset=examples, metric=metric, num_threads=threads, provide_traceback=False)
    result = measure(program)
    return [float(score) for _, _, score in result.results]
