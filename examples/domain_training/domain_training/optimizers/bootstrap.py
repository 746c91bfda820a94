"""BootstrapFewShot: the model's own good answers become demonstrations."""

import dspy

from domain_training.optimizers.optimizer import DEMONSTRATION_MIN_F1, DemonstrationSearch, Optimizer, Run

DEMONSTRATIONS_MAX = 24


class Bootstrap(Optimizer):
    """Tries the training samples one by one until enough demonstrations are found, or none is left."""

    def work_totals(self) -> dict[str, int]:
        return {"demonstrations": DEMONSTRATIONS_MAX}

    def optimize(self, run: Run) -> dspy.Predict:
        search = DemonstrationSearch(
            "demonstrations", wanted=DEMONSTRATIONS_MAX, attempts_max=len(self.task.train), run=run
        )

        def on_measured(while_bootstrapping: bool, f1: float) -> None:
            search.tried(f1)
            if f1 >= DEMONSTRATION_MIN_F1:
                what = f"Demonstration {search.found} of at most {DEMONSTRATIONS_MAX}"
                run.report.progress(run.work.fraction, f"{what}: an answer with F1 {f1:.2f}")

        optimizer = dspy.BootstrapFewShot(
            metric=run.make_metric(on_measured),
            metric_threshold=DEMONSTRATION_MIN_F1,
            max_bootstrapped_demos=DEMONSTRATIONS_MAX,
            max_labeled_demos=DEMONSTRATIONS_MAX,
        )
        program = optimizer.compile(self.task.program, trainset=self.task.train)
        search.end()
        return program
