"""DSPy's optimisers with settings that make them quick, each with the arguments of its `compile`."""

from typing import Any

import dspy
from domain_training.tasks import Task

THREADS = {"num_threads": 1}


def bootstrap(task: Task, metric: Any) -> tuple[Any, dict[str, Any]]:
    return dspy.BootstrapFewShot(metric=metric, metric_threshold=0.8), {"trainset": task.train}


def random_search(task: Task, metric: Any) -> tuple[Any, dict[str, Any]]:
    optimizer = dspy.BootstrapFewShotWithRandomSearch(
        metric=metric, metric_threshold=0.8, num_candidate_programs=6, **THREADS
    )
    return optimizer, {"trainset": task.train, "valset": task.dev}


def random_search_hardly_finding(task: Task, metric: Any) -> tuple[Any, dict[str, Any]]:
    optimizer = dspy.BootstrapFewShotWithRandomSearch(
        metric=metric, metric_threshold=0.99, max_labeled_demos=2, num_candidate_programs=6, **THREADS
    )
    return optimizer, {"trainset": task.train, "valset": task.dev}


def miprov2(task: Task, metric: Any) -> tuple[Any, dict[str, Any]]:
    optimizer = dspy.MIPROv2(metric=metric, auto=None, num_candidates=5, metric_threshold=0.8, seed=1, **THREADS)
    return optimizer, {"trainset": task.train, "valset": task.dev, "num_trials": 6, "minibatch": False}


def miprov2_minibatches(task: Task, metric: Any) -> tuple[Any, dict[str, Any]]:
    optimizer = dspy.MIPROv2(metric=metric, auto=None, num_candidates=5, metric_threshold=0.8, seed=1, **THREADS)
    sizes = {"num_trials": 11, "minibatch_size": 8, "minibatch_full_eval_steps": 3}
    return optimizer, {"trainset": task.train, "valset": task.dev, **sizes}


def miprov2_auto(task: Task, metric: Any) -> tuple[Any, dict[str, Any]]:
    optimizer = dspy.MIPROv2(metric=metric, auto="light", metric_threshold=0.8, seed=1, **THREADS)
    return optimizer, {"trainset": task.train, "valset": task.dev}


def miprov2_auto_minibatches(task: Task, metric: Any) -> tuple[Any, dict[str, Any]]:
    optimizer = dspy.MIPROv2(metric=metric, auto="light", metric_threshold=0.8, seed=1, **THREADS)
    return optimizer, {"trainset": task.dev + task.train}


def miprov2_without_demos(task: Task, metric: Any) -> tuple[Any, dict[str, Any]]:
    none = {"max_bootstrapped_demos": 0, "max_labeled_demos": 0}
    optimizer = dspy.MIPROv2(metric=metric, auto="light", seed=1, **none, **THREADS)
    return optimizer, {"trainset": task.train, "valset": task.dev}


def gepa(task: Task, metric: Any) -> tuple[Any, dict[str, Any]]:
    optimizer = dspy.GEPA(metric=metric, max_metric_calls=192, reflection_lm=dspy.settings.lm, **THREADS)
    return optimizer, {"trainset": task.train, "valset": task.dev}


def gepa_auto(task: Task, metric: Any) -> tuple[Any, dict[str, Any]]:
    optimizer = dspy.GEPA(metric=metric, auto="light", reflection_lm=dspy.settings.lm, **THREADS)
    return optimizer, {"trainset": task.train, "valset": task.dev}


def gepa_full_evaluations(task: Task, metric: Any) -> tuple[Any, dict[str, Any]]:
    optimizer = dspy.GEPA(metric=metric, max_full_evals=2, reflection_lm=dspy.settings.lm, **THREADS)
    return optimizer, {"trainset": task.train}


def simba(task: Task, metric: Any) -> tuple[Any, dict[str, Any]]:
    optimizer = dspy.SIMBA(metric=metric, bsize=12, num_candidates=3, max_steps=4, **THREADS)
    return optimizer, {"trainset": task.train, "seed": 1}


def copro(task: Task, metric: Any) -> tuple[Any, dict[str, Any]]:
    return dspy.COPRO(metric=metric, breadth=4, depth=3), {"trainset": task.dev, "eval_kwargs": dict(THREADS)}


def gepa_with_merges(task: Task, metric: Any) -> tuple[Any, dict[str, Any]]:
    settings = {"use_merge": True, "max_merge_invocations": 5, "num_threads": 1}
    optimizer = dspy.GEPA(metric=metric, max_metric_calls=400, reflection_lm=dspy.settings.lm, **settings)
    return optimizer, {"trainset": task.train[:20], "valset": task.dev[:10]}
