"""Loads a program that was reported, in a process of its own, and prints its score: `score_program.py FILE SPLIT`."""

import sys

import dspy
from watched_optimization import entity_metric, entity_task, stand_in


class Loaded(dspy.Module):
    def __init__(self, signature: type[dspy.Signature]) -> None:
        super().__init__()
        self.extract = dspy.Predict(signature)

    def forward(self, text: str) -> dspy.Prediction:
        return self.extract(text=text)


task = entity_task()
program = Loaded(task.program.signature)
program.load(sys.argv[1])
examples = {"development": task.dev, "train": task.train}[sys.argv[2]]
with dspy.context(lm=stand_in()):
    result = dspy.Evaluate(devset=examples, metric=entity_metric(task), num_threads=1)(program)
scores = [float(score) for _, _, score in result.results]
sys.stdout.write(f"\n{sum(scores) / len(scores)!r}\n")
