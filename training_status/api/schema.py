"""Parameters and pages of lists for the OpenAPI document."""

from typing import Any
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, inline_serializer
from rest_framework import serializers

from training_status.api.request_bodies import reference
from training_status.log_levels import LEVELS
from training_status.phases import PHASE_NAMES


def page_of(name: str, item: type[serializers.Serializer]) -> serializers.Serializer[Any]:
    """A page of a list, as `ListPagination` answers it."""
    return inline_serializer(
        name,
        {
            "items": item(many=True),
            "total": serializers.IntegerField(min_value=0),
            "page": serializers.IntegerField(min_value=1),
            "page_size": serializers.IntegerField(min_value=1, max_value=100),
        },
    )


def log_page_of(entry: type[serializers.Serializer]) -> serializers.Serializer[Any]:
    """A page of a log, as `TrainingLogPagination` answers it."""
    counts: dict[str, serializers.Field] = {
        level: serializers.IntegerField(min_value=0, required=False) for level in LEVELS
    }
    return inline_serializer(
        "TrainingLogPage",
        {
            "domain_name": serializers.CharField(),
            "logs": entry(many=True),
            "total_logs": serializers.IntegerField(min_value=0),
            "page": serializers.IntegerField(min_value=1),
            "page_size": serializers.IntegerField(min_value=1, max_value=100),
            "first_seq": serializers.IntegerField(min_value=1, help_text="The oldest entry kept."),
            "last_seq": serializers.IntegerField(min_value=0),
            "level_counts": inline_serializer("LevelCounts", counts),
            "total_is_exact": serializers.BooleanField(),
            "searched_to_seq": serializers.IntegerField(
                allow_null=True,
                help_text="The last entry that was searched when the time limit was reached; continue from there.",
            ),
        },
    )


def repeatable(name: str, item: dict[str, Any], *, description: str, **bounds: Any) -> OpenApiParameter:
    """A query parameter that may be there several times, once for each value."""
    schema = {"type": "array", "items": item, **bounds}
    return OpenApiParameter(name, schema, description=description, style="form", explode=True)


PAGE = [
    OpenApiParameter("page", {"type": "integer", "minimum": 1, "default": 1}, description="From 1."),
    OpenApiParameter("page_size", {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}),
]
RUN = OpenApiParameter(
    "run", {"type": "integer", "minimum": 1}, description="The number of a run; the latest when absent."
)
RUN_NUMBER_IN_PATH = OpenApiParameter("run_number", {"type": "integer", "minimum": 1}, OpenApiParameter.PATH)
RUN_ID_IN_PATH = OpenApiParameter("training_run_id", UUID, OpenApiParameter.PATH)
_LEVEL = reference("LogLevel")
LOG_FILTERS = [
    repeatable("level", _LEVEL, description="Any of these levels; repeatable."),
    OpenApiParameter("min_level", _LEVEL, description="This level and worse."),
    OpenApiParameter("step", OpenApiTypes.STR, description="Such as " + ", ".join(PHASE_NAMES[2:4]) + "."),
    OpenApiParameter(
        "search",
        OpenApiTypes.STR,
        description="A part of the message as it is shown, without terminal sequences, in any case.",
    ),
    OpenApiParameter("before_seq", {"type": "integer", "minimum": 0}, description="Only entries before this one."),
    OpenApiParameter("after_seq", {"type": "integer", "minimum": 0}, description="Only entries after this one."),
    OpenApiParameter("order", {"type": "string", "enum": ["desc", "asc"], "default": "desc"}),
]
DOWNLOAD_FORMAT = OpenApiParameter(
    "format",
    {"type": "string", "enum": ["ndjson", "text"]},
    description="When absent, what the Accept header prefers, which is NDJSON if it does not say.",
)

CREATED_AT = OpenApiParameter(
    "Location", str, OpenApiParameter.HEADER, response=[201], description="The address of what was created."
)
FILE_HEADERS = [
    OpenApiParameter("Range", str, OpenApiParameter.HEADER, description="One range of bytes, such as `bytes=1000-`."),
    OpenApiParameter("If-Range", str, OpenApiParameter.HEADER, description="The ETag of the download that is resumed."),
    OpenApiParameter(
        "If-None-Match", str, OpenApiParameter.HEADER, description="The ETag that the client already has."
    ),
]
HAS_IT_ALREADY = {304: OpenApiResponse(description="The ETag in `If-None-Match` is still current.")}
