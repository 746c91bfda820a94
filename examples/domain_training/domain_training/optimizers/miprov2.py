"""MIPROv2: proposed instructions and sets of demonstrations, tried together by Bayesian optimisation."""

import dspy

from domain_training.optimizers.optimizer import DEMONSTRATION_MIN_F1, Optimizer, Run

CANDIDATES = 5
"""As many instructions and as many sets of demonstrations. Two of the sets need no bootstrapping: the empty
one, and the one of labelled samples only."""
TRIALS = 6
BOOTSTRAPPED_DEMOS_MAX = 4
LABELED_DEMOS_MAX = 8
SUMMARY_BATCH_SIZE = 10


class MiproV2(Optimizer):
    """Every trial is evaluated on all development samples."""

    @property
    def student_calls(self) -> int:
        return (CANDIDATES - 2) * 2 * BOOTSTRAPPED_DEMOS_MAX + (1 + TRIALS) * len(self.task.dev)

    def optimize(self, run: Run) -> dspy.Predict:
        optimizer = dspy.MIPROv2(
            metric=run.metric,
            auto=None,
            num_candidates=CANDIDATES,
            max_bootstrapped_demos=BOOTSTRAPPED_DEMOS_MAX,
            max_labeled_demos=LABELED_DEMOS_MAX,
            metric_threshold=DEMONSTRATION_MIN_F1,
            num_threads=run.threads,
            seed=run.seed,
            verbose=False,
        )
        with run.followed():
            return optimizer.compile(
                self.task.program,
                trainset=self.task.train,
                valset=self.task.dev,
                num_trials=TRIALS,
                minibatch=False,
                view_data_batch_size=SUMMARY_BATCH_SIZE,
            )
