"""An optimisation that ends half way: `interrupted_optimization.py OPTIMIZER METRIC_CALLS WAY`. It prints what the
engine has counted until then. With 0 METRIC_CALLS it goes on to its end, and prints how many there were."""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import dspy
import optimizer_setups
from aegis_tracker import TrainingProgressTracker, phases
from aegis_tracker.dspy import track
from watched_findings import counting_model
from watched_optimization import Student, entity_metric, entity_task


class Interrupted:
    """A metric that ends its process."""

    def __init__(self, metric: Any, calls: int, way: str) -> None:
        self._metric, self._last, self._way = metric, calls, way
        self.calls = 0

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.calls += 1
        if self.calls == self._last:
            sys.stdout.write(f"\ncounted {json.dumps(engine.counts)}\n")
            sys.stdout.flush()
            self._end()
        return self._metric(*args, **kwargs)

    def _end(self) -> None:
        if self._way == "exit":
            sys.exit(3)
        if self._way == "usage, then SIGKILL":
            spool = next(Path(os.environ["AEGIS_SPOOL_DIR"]).glob("*.jsonl"))
            while b'"type":"usage"' not in spool.read_bytes():
                os.sched_yield()
        os.kill(os.getpid(), getattr(signal, self._way.split()[-1]))


optimizer_name, calls, way = sys.argv[1:]
model, engine = counting_model()
dspy.configure(lm=model)
task = entity_task()
metric = Interrupted(entity_metric(task), int(calls), way)
make = getattr(optimizer_setups, optimizer_name)
optimizer, arguments = make(task, metric)
with TrainingProgressTracker("medical") as tracker, track(tracker, phases.ENTITY_EXTRACTION_OPTIMIZATION):
    optimizer.compile(Student(task, tracker), **arguments)
sys.stdout.write(f"\ncalls {metric.calls}\n")
