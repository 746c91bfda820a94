"""GEPA: the model reflects on feedback in words and rewrites the instruction."""

import tempfile

import dspy

from domain_training.optimizers.optimizer import Optimizer, Run

FULL_EVALUATIONS = 8
"""GEPA's budget of metric calls, in evaluations of all development samples."""
REFLECTION_SAMPLES = 4


class Gepa(Optimizer):
    """Finds instructions; adds no demonstrations.

    Asked to stop it ends its iteration and returns the best program so far: GEPA looks for a file in its
    folder, and the tracker puts it there.
    """

    @property
    def student_calls(self) -> int:
        return FULL_EVALUATIONS * len(self.task.dev)

    def optimize(self, run: Run) -> dspy.Predict:
        with tempfile.TemporaryDirectory() as folder:
            optimizer = dspy.GEPA(
                metric=run.metric,
                max_metric_calls=self.student_calls,
                reflection_minibatch_size=REFLECTION_SAMPLES,
                reflection_lm=dspy.settings.lm,
                num_threads=run.threads,
                use_merge=False,
                seed=run.seed,
                log_dir=folder,
            )
            with run.report.stopping_by_itself(), run.followed():
                return optimizer.compile(self.task.program, trainset=self.task.train, valset=self.task.dev)
