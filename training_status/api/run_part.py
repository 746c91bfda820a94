"""What views of a part of a run share: finding the run, and the metric that the query asks for."""

from collections.abc import Mapping

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

from training_status.api import query
from training_status.api.authorised_view import AuthorisedView, run_id_from_path
from training_status.best_evaluations import is_lower_better
from training_status.errors import NotFound
from training_status.read.run_facts import RunFacts, run_by_public_id
from training_status.roles import VIEWER

METRIC = OpenApiParameter("metric", OpenApiTypes.STR, description="By default the metric that was evaluated last.")


class RunPartView(AuthorisedView):
    """A view below `/training-runs/{id}` for viewers."""

    roles = {"GET": VIEWER}

    def run(self, training_run_id: str) -> RunFacts:
        """The run of the path. Raises NotFound."""
        run_id = run_id_from_path(training_run_id)
        run = run_by_public_id(run_id, only_domain_id=self.only_domain_id)
        if run is None:
            raise NotFound(f"There is no training run {run_id}.", code="run_not_found")
        return run


def chosen_metric(run: RunFacts, values: Mapping[str, str]) -> tuple[str | None, bool]:
    """The metric of the query, by default the one that was evaluated last, and whether lower is better."""
    metric = query.text(values, "metric") or run.best.get("latest")
    return metric, metric is not None and is_lower_better(metric, run.declared_directions)
