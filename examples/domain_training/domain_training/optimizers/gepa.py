"""GEPA: the model reflects on feedback in words and rewrites the instruction."""

from typing import Any

import dspy

from domain_training.optimizers.optimizer import BestSoFar, Optimizer, Run

FULL_EVALUATIONS = 8
"""GEPA's budget of metric calls, in evaluations of all development samples."""
REFLECTION_SAMPLES = 4


class _Watch:
    """GEPA's own callbacks, told to people."""

    def __init__(self, run: Run, metric_name: str) -> None:
        self._run = run
        self._best = BestSoFar(run, metric_name)

    def on_proposal_end(self, event: dict[str, Any]) -> None:
        for instruction in event["new_instructions"].values():
            self._run.report.log("INFO", f"Iteration {event['iteration']} proposes the instruction “{instruction}”")

    def on_candidate_rejected(self, event: dict[str, Any]) -> None:
        self._run.report.log(
            "INFO",
            f"Iteration {event['iteration']}: rejected, no better on {REFLECTION_SAMPLES} training samples"
            f" (F1 {event['new_score'] / REFLECTION_SAMPLES:.2f},"
            f" before {event['old_score'] / REFLECTION_SAMPLES:.2f})",
        )

    def on_valset_evaluated(self, event: dict[str, Any]) -> None:
        number = event["candidate_idx"]
        self._best.report(event["average_score"], f"Candidate {number}" if number else "The program as it is")


class Gepa(Optimizer):
    """Finds instructions; adds no demonstrations."""

    @property
    def _metric_calls_max(self) -> int:
        return FULL_EVALUATIONS * len(self.task.dev)

    def work_totals(self) -> dict[str, int]:
        last_iteration = 2 * REFLECTION_SAMPLES + len(self.task.dev)
        return {"rollouts": self._metric_calls_max + last_iteration}

    def optimize(self, run: Run) -> dspy.Predict:
        optimizer = dspy.GEPA(
            metric=run.make_metric(lambda while_bootstrapping, f1: run.work.advance("rollouts")),
            max_metric_calls=self._metric_calls_max,
            reflection_minibatch_size=REFLECTION_SAMPLES,
            reflection_lm=dspy.settings.lm,
            num_threads=run.threads,
            use_merge=False,
            seed=run.seed,
            gepa_kwargs={"callbacks": [_Watch(run, self.task.metric_name)]},
        )
        return optimizer.compile(self.task.program, trainset=self.task.train, valset=self.task.dev)
