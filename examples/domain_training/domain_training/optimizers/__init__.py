"""DSPy's optimisers with the settings of this example."""

from domain_training.optimizers.bootstrap import Bootstrap
from domain_training.optimizers.gepa import Gepa
from domain_training.optimizers.miprov2 import MiproV2
from domain_training.optimizers.optimizer import Optimizer

OPTIMIZERS: dict[str, type[Optimizer]] = {"bootstrap": Bootstrap, "miprov2": MiproV2, "gepa": Gepa}
