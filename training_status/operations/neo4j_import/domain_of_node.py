"""Making a domain of a `Domain` node."""

import re
from datetime import datetime
from typing import Any, Final

import msgspec

from training_status.ingest.batch import RESULT_MAX_BYTES
from training_status.ingest.exported_run import ExportedDomain
from training_status.models.domain import (
    DEFAULT_LLM_MODEL,
    DESCRIPTION_MAX_CHARACTERS,
    DESCRIPTION_MIN_CHARACTERS,
    DOMAIN_NAME_PATTERN,
    LLM_MODEL_MAX_CHARACTERS,
)
from training_status.operations.neo4j_import.apoc_lines import DomainProperties
from training_status.operations.neo4j_import.notes import Notes
from training_status.operations.neo4j_import.plain_values import plain_text, read_json_object, read_time

_OTHER_CHARACTERS: Final = re.compile("[^a-z0-9]+")


def valid_name(value: Any) -> str | None:
    """The name, where it must be in small letters and with underscores for other characters; None if that is none."""
    if not isinstance(value, str):
        return None
    if is_valid_name(value):
        return value
    name = _OTHER_CHARACTERS.sub("_", value.lower()).strip("_")
    return name if is_valid_name(name) else None


def is_valid_name(name: str) -> bool:
    """Whether a domain can have this name."""
    return re.fullmatch(DOMAIN_NAME_PATTERN, name) is not None


def domain_of_node(properties: DomainProperties, name: str, notes: Notes) -> ExportedDomain:
    """Return the domain with this valid name."""
    if properties.name != name:
        notes.say(f"Its name {properties.name!r} is not valid here: it is {name}")
    return ExportedDomain(
        name=name,
        description=_description(properties.description, name, notes),
        llm_model=_llm_model(properties, notes),
        stall_limit_s=None,
        hang_limit_s=None,
        lost_limit_s=None,
        kept_runs=None,
        kept_days=None,
    )


def result_of_run(
    properties: DomainProperties, started_at: datetime, ended_at: datetime, now: datetime, notes: Notes
) -> dict[str, Any] | None:
    """The domain's prompts if this run made them, by `trained_at`: the system before kept only the latest."""
    trained_at = read_time(properties.trained_at, now)
    if trained_at is None or not started_at <= trained_at <= ended_at:
        return None
    parts = {"entity": properties.entity_prompt, "relation": properties.relation_prompt}
    prompts = {name: plain_text(text) for name, text in parts.items() if isinstance(text, str) and text}
    if not prompts:
        return None
    result = {"prompts": prompts}
    if len(msgspec.json.encode(result)) > RESULT_MAX_BYTES:
        notes.say(f"The domain's prompts have more than {RESULT_MAX_BYTES:,} bytes: they were left out")
        return None
    return result


def _description(value: Any, name: str, notes: Notes) -> str:
    text = plain_text(value) if isinstance(value, str) else ""
    if len(text) > DESCRIPTION_MAX_CHARACTERS:
        notes.say(f"Its description has more than {DESCRIPTION_MAX_CHARACTERS:,} characters: it was cut")
        return text[: DESCRIPTION_MAX_CHARACTERS - 1] + "…"
    if len(text) < DESCRIPTION_MIN_CHARACTERS:
        longer = f"{text or name} (a domain of AegisRAG)"
        notes.say(f"Its description has less than {DESCRIPTION_MIN_CHARACTERS} characters: it is {longer!r}")
        return longer
    return text


def _llm_model(properties: DomainProperties, notes: Notes) -> str:
    """The model for trainings; earlier releases of the system before had one model for everything."""
    config = read_json_object(properties.llm_config) or {}
    for model in (config.get("training_model"), properties.llm_model):
        if isinstance(model, str) and (name := plain_text(model).strip()):
            return name[:LLM_MODEL_MAX_CHARACTERS]
    notes.say(f"It has no llm_model: it has {DEFAULT_LLM_MODEL}")
    return DEFAULT_LLM_MODEL
