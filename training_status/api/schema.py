"""What OpenAPI is told beside the serializers: request bodies, query parameters, errors.

Request bodies are described by the very types that check them (`ingest`), so they cannot differ.
"""

from typing import Any

import msgspec
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, inline_serializer
from rest_framework import serializers

from training_status.api.ticket_body import TicketRequest
from training_status.ingest.batch import Batch
from training_status.ingest.bodies import DomainChange, NewDomain, NewRun, RunChange
from training_status.log_levels import LEVELS
from training_status.phases import PHASE_NAMES

_BODIES: list[type[msgspec.Struct]] = [Batch, NewDomain, DomainChange, NewRun, RunChange, TicketRequest]
_REF = "#/components/schemas/{name}"


def body(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """A request's body as `extend_schema` takes it."""
    return {"application/json": {"$ref": _REF.format(name=kind.__name__)}}


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
                allow_null=True, help_text="The last entry looked at when the search ran out of time: go on from there."
            ),
        },
    )


PAGE = [
    OpenApiParameter("page", {"type": "integer", "minimum": 1, "default": 1}, description="From 1."),
    OpenApiParameter("page_size", {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}),
]
RUN = OpenApiParameter(
    "run", {"type": "integer", "minimum": 1}, description="The number of a run; the latest when absent."
)
RUN_NUMBER_IN_PATH = OpenApiParameter("run_number", {"type": "integer", "minimum": 1}, OpenApiParameter.PATH)
_LEVEL = {"type": "string", "enum": list(LEVELS)}
LOG_FILTERS = [
    OpenApiParameter("level", {"type": "array", "items": _LEVEL}, description="Any of these levels; repeatable."),
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
DOWNLOAD_FORMAT = OpenApiParameter("format", {"type": "string", "enum": ["ndjson", "text"], "default": "ndjson"})

CREATED_AT = OpenApiParameter(
    "Location", str, OpenApiParameter.HEADER, response=[201], description="The address of what was created."
)
FILE_HEADERS = [
    OpenApiParameter("Range", str, OpenApiParameter.HEADER, description="One range of bytes, such as `bytes=1000-`."),
    OpenApiParameter("If-Range", str, OpenApiParameter.HEADER, description="The ETag of what the range is added to."),
    OpenApiParameter("If-None-Match", str, OpenApiParameter.HEADER, description="The ETag of what is there already."),
]
HAS_IT_ALREADY = {304: OpenApiResponse(description="What `If-None-Match` names is still all there is.")}

_PROBLEM = {
    "type": "object",
    "description": "RFC 9457 problem details: the one shape of every error.",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "A readable sentence."},
        "code": {"type": "string", "description": "A word for programs, such as `gap` or `run_finished`."},
        "errors": {
            "type": "array",
            "description": "For bad input: which field, and why.",
            "items": {
                "type": "object",
                "properties": {"field": {"type": "string"}, "detail": {"type": "string"}},
                "required": ["field", "detail"],
            },
        },
        "expected_n": {"type": "integer", "description": "The event number that is awaited (409)."},
        "last_n": {"type": "integer", "description": "The highest event number stored (409)."},
    },
    "required": ["type", "title", "status", "detail", "code"],
}


def add_shared_parts(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """drf-spectacular's hook: add the request bodies and, to every operation, what an error looks like."""
    schemas = result["components"]["schemas"]
    _, components = msgspec.json.schema_components(_BODIES, ref_template=_REF)
    schemas.update(components)
    schemas["Problem"] = _PROBLEM
    error = {
        "description": "An error",
        "content": {"application/problem+json": {"schema": {"$ref": _REF.format(name="Problem")}}},
    }
    for path in result["paths"].values():
        for operation in path.values():
            operation["responses"]["default"] = error
    result["components"]["schemas"] = dict(sorted(schemas.items()))
    return result
