"""The views of how candidates did on each example."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from training_status.api import query
from training_status.api.run_part import METRIC, RunPartView, chosen_metric
from training_status.api.schema import RUN_ID_IN_PATH
from training_status.errors import NotFound
from training_status.optimizer_terms import SPLITS
from training_status.read.example_scores import CANDIDATES_MAX, EXAMPLES_MAX, example_scores, scores_of_example
from training_status.serializers.example_scores import ExampleScoresSerializer, OneExampleSerializer

_SPLIT = OpenApiParameter("split", enum=SPLITS, description="By default the largest one with scores of examples.")


@extend_schema(parameters=[RUN_ID_IN_PATH])
class ExampleScoresView(RunPartView):
    """`/training-runs/{id}/example-scores`."""

    @extend_schema(
        operation_id="get_example_scores",
        tags=["optimisation"],
        parameters=[
            METRIC,
            _SPLIT,
            OpenApiParameter(
                "solved_from",
                OpenApiTypes.NUMBER,
                description="The score from which an example is solved; by default the middle of the scale.",
            ),
            OpenApiParameter(
                "candidates", {"type": "integer", "minimum": 1, "maximum": CANDIDATES_MAX, "default": CANDIDATES_MAX}
            ),
            OpenApiParameter(
                "examples", {"type": "integer", "minimum": 1, "maximum": EXAMPLES_MAX, "default": EXAMPLES_MAX}
            ),
            OpenApiParameter(
                "offset",
                {"type": "integer", "minimum": 0, "default": 0},
                description="So many harder ones are left out.",
            ),
        ],
        responses=ExampleScoresSerializer,
    )
    def get(self, request: Request, training_run_id: str) -> Response:
        """How the best candidates did on the hardest examples, as levels, with counts over all candidates."""
        run = self.run(training_run_id)
        values = request.query_params
        metric, lower_is_better = chosen_metric(run, values)
        found = example_scores(
            run.id,
            metric,
            query.one_of(values, "split", SPLITS, default=SPLITS[0]) if "split" in values else None,
            lower_is_better=lower_is_better,
            solved_from=query.finite_number(values, "solved_from"),
            candidates_max=query.number_between(
                values, "candidates", default=CANDIDATES_MAX, lowest=1, highest=CANDIDATES_MAX
            ),
            examples_max=query.number_between(values, "examples", default=EXAMPLES_MAX, lowest=1, highest=EXAMPLES_MAX),
            offset=query.sequence_number(values, "offset") or 0,
        )
        return Response(ExampleScoresSerializer(found, context={"lower_is_better": lower_is_better}).data)


@extend_schema(
    parameters=[
        RUN_ID_IN_PATH,
        OpenApiParameter(
            "example", OpenApiTypes.STR, OpenApiParameter.PATH, description="Its name, or its place from 0."
        ),
    ]
)
class ExampleView(RunPartView):
    """`/training-runs/{id}/example-scores/{example}`."""

    @extend_schema(
        operation_id="get_scores_of_example",
        tags=["optimisation"],
        parameters=[METRIC, _SPLIT],
        responses=OneExampleSerializer,
    )
    def get(self, request: Request, training_run_id: str, example: str) -> Response:
        """The exact score of each candidate on one example, its latest one; of 2,000 candidates at most."""
        run = self.run(training_run_id)
        values = request.query_params
        metric, lower_is_better = chosen_metric(run, values)
        name = query.text({"example": example}, "example") or ""
        split, scores = scores_of_example(
            run.id,
            metric,
            query.one_of(values, "split", SPLITS, default=SPLITS[0]) if "split" in values else None,
            name,
            lower_is_better=lower_is_better,
        )
        if not scores:
            raise NotFound(f"No candidate was evaluated on an example '{name}'.", code="example_not_found")
        context = {"metric": metric, "split": split, "example": name}
        return Response(OneExampleSerializer(scores, context=context).data)
