"""The words for what an optimiser does: where candidates come from, on what they are evaluated, who calls models."""

from typing import Final

ORIGINS: Final = ("initial", "bootstrapped", "proposed", "reflected", "merged", "other")
ORIGIN_OTHER: Final = "other"

# In this order where several have evaluations of as many examples: the best candidate is chosen on the first of them.
SPLITS: Final = ("development", "test", "train", "minibatch")

MODEL_ROLES: Final = ("student", "teacher", "proposer", "reflection", "metric", "other")
MODEL_ROLE_OTHER: Final = "other"

NAME_MAX_CHARACTERS: Final = 200  # of candidates, metrics, models and examples
EXAMPLES_MAX: Final = 10_000  # of an evaluation whose scores are given by example
