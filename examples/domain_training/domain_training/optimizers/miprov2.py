"""MIPROv2: proposed instructions and sets of demonstrations, tried together by Bayesian optimisation."""

from math import ceil
from typing import Any

import dspy
from dspy.utils.callback import BaseCallback

from domain_training.evaluation import OnEvaluated
from domain_training.optimizers.optimizer import (
    DEMONSTRATION_MIN_F1,
    BestSoFar,
    DemonstrationSearch,
    Optimizer,
    Run,
)

CANDIDATES = 5
"""As many instructions and as many sets of demonstrations. Two of the sets need no bootstrapping: the empty
one, and the one of labelled samples only."""
TRIALS = 6
BOOTSTRAPPED_DEMOS_MAX = 4
LABELED_DEMOS_MAX = 8
SUMMARY_BATCH_SIZE = 10
PROPOSAL_CALLS = 3
"""Model calls for one instruction: describe the program, describe the module, write the instruction."""


class _CallCounter(BaseCallback):
    """Counts the proposer's calls."""

    def __init__(self, run: Run, search: DemonstrationSearch) -> None:
        self._run, self._search = run, search

    def on_lm_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        self._search.end()

    def on_lm_end(self, call_id: str, outputs: Any | None, exception: Exception | None = None) -> None:
        self._run.work.advance("proposals")


class MiproV2(Optimizer):
    """Every trial is evaluated on all development samples."""

    def work_totals(self) -> dict[str, int]:
        summary_calls = ceil(len(self.task.train) / SUMMARY_BATCH_SIZE) + 1
        return {
            "demonstrations": (CANDIDATES - 2) * BOOTSTRAPPED_DEMOS_MAX,
            "proposals": summary_calls + CANDIDATES * PROPOSAL_CALLS,
            "trials": (1 + TRIALS) * len(self.task.dev),
        }

    def optimize(self, run: Run) -> dspy.Predict:
        search = DemonstrationSearch(
            "demonstrations",
            wanted=self.work_totals()["demonstrations"],
            attempts_max=(CANDIDATES - 2) * len(self.task.train),
            run=run,
        )
        best = BestSoFar(run, self.task.metric_name)
        trials = 0

        def on_measured(while_bootstrapping: bool, f1: float) -> None:
            if while_bootstrapping:
                search.tried(f1)
            else:
                run.work.advance("trials")

        def on_evaluation_started() -> None:
            search.end()
            run.work.settle("proposals")

        def on_evaluation_ended(program: dspy.Predict, f1: float) -> None:
            nonlocal trials
            what = f"{len(program.demos)} demonstrations, instruction “{program.signature.instructions}”"
            best.report(f1, f"Trial {trials} of {TRIALS} ({what})" if trials else "The program as it is")
            trials += 1

        model = dspy.settings.lm
        proposer = model.copy(callbacks=[*model.callbacks, _CallCounter(run, search)])
        optimizer = dspy.MIPROv2(
            metric=run.make_metric(on_measured),
            prompt_model=proposer,
            auto=None,
            num_candidates=CANDIDATES,
            max_bootstrapped_demos=BOOTSTRAPPED_DEMOS_MAX,
            max_labeled_demos=LABELED_DEMOS_MAX,
            metric_threshold=DEMONSTRATION_MIN_F1,
            num_threads=run.threads,
            seed=run.seed,
            verbose=False,
        )
        with dspy.context(callbacks=[OnEvaluated(on_evaluation_started, on_evaluation_ended)]):
            return optimizer.compile(
                self.task.program,
                trainset=self.task.train,
                valset=self.task.dev,
                num_trials=TRIALS,
                minibatch=False,
                view_data_batch_size=SUMMARY_BATCH_SIZE,
            )
