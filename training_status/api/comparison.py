"""The view that compares runs of a domain."""

from typing import Final
from uuid import UUID

from django.http import QueryDict
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from training_status.api import query
from training_status.api.authorised_view import AuthorisedView
from training_status.api.schema import repeatable
from training_status.errors import InvalidInput, NotFound
from training_status.read.comparison import ComparedRun, runs_to_compare
from training_status.read.domains import domain_exists
from training_status.roles import VIEWER
from training_status.serializers.comparison import Comparison, TrainingComparisonSerializer

RUNS_MIN: Final = 2
RUNS_MAX: Final = 20

_RUN = repeatable(
    "run", {"type": "integer", "minimum": 1}, description="The numbers of runs; repeatable.", maxItems=RUNS_MAX
)
_ID = repeatable(
    "training_run_id",
    {"type": "string", "format": "uuid"},
    description="The ids of runs, listed after those by number; repeatable.",
    maxItems=RUNS_MAX,
)


class TrainingComparisonView(AuthorisedView):
    """`/domains/{name}/training-comparison`."""

    roles = {"GET": VIEWER}

    @extend_schema(
        operation_id="compare_training_runs",
        tags=["status"],
        parameters=[_RUN, _ID],
        responses=TrainingComparisonSerializer,
    )
    def get(self, request: Request, domain_name: str) -> Response:
        """2 to 20 runs of the domain side by side: metrics, phase durations, configuration and prompts."""
        numbers, public_ids = _asked(request.query_params)
        found = runs_to_compare(domain_name, numbers, public_ids, only_domain_id=self.only_domain_id)
        if not any(run.domain_name == domain_name for run in found) and not domain_exists(
            domain_name, only_domain_id=self.only_domain_id
        ):
            raise NotFound(f"There is no domain '{domain_name}'.", code="domain_not_found")
        runs = _in_order(domain_name, numbers, public_ids, found)
        baseline = next((run for run in found if run.is_baseline and run.domain_name == domain_name), None)
        return Response(TrainingComparisonSerializer(Comparison(domain_name, runs, baseline)).data)


def _asked(values: QueryDict) -> tuple[list[int], list[UUID]]:
    """Return the requested runs, each once, in order. Raises InvalidInput."""
    numbers = [query.positive_int({"run": text}, "run") or 0 for text in values.getlist("run")]
    public_ids = [query.uuid(text, "training_run_id") for text in values.getlist("training_run_id")]
    numbers, public_ids = list(dict.fromkeys(numbers)), list(dict.fromkeys(public_ids))
    _refuse_count(len(numbers) + len(public_ids))
    return numbers, public_ids


def _refuse_count(count: int) -> None:
    if not RUNS_MIN <= count <= RUNS_MAX:
        raise InvalidInput(f"{RUNS_MIN} to {RUNS_MAX} different runs can be compared, not {count}", field="run")


def _in_order(
    domain_name: str, numbers: list[int], public_ids: list[UUID], found: list[ComparedRun]
) -> list[ComparedRun]:
    """Return the runs in the requested order. Raises NotFound, and InvalidInput for a run of another domain."""
    by_number = {run.run_number: run for run in found if run.domain_name == domain_name and run.is_compared}
    by_id = {run.public_id: run for run in found}
    runs: dict[int, ComparedRun] = {}
    for number in numbers:
        if number not in by_number:
            raise NotFound(f"There is no run {number} of domain '{domain_name}'.", code="run_not_found")
        runs[number] = by_number[number]
    for public_id in public_ids:
        run = by_id.get(public_id)
        if run is None:
            raise NotFound(f"There is no training run {public_id}.", code="run_not_found")
        if run.domain_name != domain_name:
            raise InvalidInput(
                f"The run {public_id} is of domain '{run.domain_name}', not of '{domain_name}'",
                field="training_run_id",
            )
        runs[run.run_number] = run
    _refuse_count(len(runs))
    return list(runs.values())
