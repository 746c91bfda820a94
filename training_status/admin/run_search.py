"""The search of the list of runs: by id, domain and number, tag, or note."""

import re
from typing import Final
from uuid import UUID

from django.db.models import BooleanField, Q
from django.db.models.expressions import RawSQL

from training_status.jsonb import to_jsonb
from training_status.models import Domain

HELP: Final = "A run's id or NAME #NUMBER, a part of a domain's name, a tag, or words of a note"

_DOMAINS_MAX: Final = 1000
_TEXT_MAX: Final = 200
_NUMBERED: Final = re.compile(r"([a-z][a-z0-9_]*) ?#([0-9]{1,18})", re.ASCII)

# Raw SQL, so that the conditions of the partial indexes are literals and not parameters.
_BY_TAG: Final = (
    "NOT (training_status_trainingrun.tags = '[]'::jsonb) AND training_status_trainingrun.tags @> %s::jsonb"
)
_BY_NOTE: Final = """
    NOT (training_status_trainingrun.note = '')
    AND to_tsvector('simple', training_status_trainingrun.note) @@ plainto_tsquery('simple', %s)
"""


def runs_found_by(text: str) -> Q:
    """Return the condition for a search text. At most one query, for the domains whose names contain the text.

    Only the first thousand of these domains, by name, are searched.
    """
    text = text.strip()[:_TEXT_MAX].replace("\0", "")
    if not text:
        return Q()
    try:
        return Q(public_id=UUID(text))
    except ValueError:
        pass
    if numbered := _NUMBERED.fullmatch(text):
        return Q(domain__name=numbered[1], run_number=int(numbered[2]))
    domains = Domain.objects.filter(name__contains=text.lower()).order_by("name").values_list("id", flat=True)
    by_tag = RawSQL(_BY_TAG, [to_jsonb([text])], output_field=BooleanField())  # noqa: S611  (a constant)
    by_note = RawSQL(_BY_NOTE, [text], output_field=BooleanField())  # noqa: S611  (a constant)
    return Q(domain_id__in=list(domains[:_DOMAINS_MAX])) | Q(by_tag) | Q(by_note)
