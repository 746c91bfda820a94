"""BootstrapFewShot: the model's own good answers become demonstrations."""

import dspy

from domain_training.optimizers.optimizer import DEMONSTRATION_MIN_F1, Optimizer, Run

DEMONSTRATIONS_MAX = 24


class Bootstrap(Optimizer):
    """Tries the training samples one by one until enough demonstrations are found, or none is left."""

    @property
    def student_calls(self) -> int:
        return min(len(self.task.train), 2 * DEMONSTRATIONS_MAX)

    def optimize(self, run: Run) -> dspy.Predict:
        optimizer = dspy.BootstrapFewShot(
            metric=run.metric,
            metric_threshold=DEMONSTRATION_MIN_F1,
            max_bootstrapped_demos=DEMONSTRATIONS_MAX,
            max_labeled_demos=DEMONSTRATIONS_MAX,
        )
        with run.followed():
            return optimizer.compile(self.task.program, trainset=self.task.train)
