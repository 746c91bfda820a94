"""Audit entries in the admin, read-only."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from training_status.admin.filters import AtBeforeFilter
from training_status.admin.read_only import ReadOnlyAdmin
from training_status.admin.visible_field import visible_field
from training_status.models import AuditEntry

_ACTOR, _NAME, _DETAILS = (visible_field(name) for name in ("actor", "name", "details"))
_SHOWN = {"actor": _ACTOR, "name": _NAME, "details": _DETAILS}


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """Lists audit entries, newest first. A search finds names by their beginning, which indexes support."""

    list_display = ("at", _ACTOR, "actor_kind", "action", "subject", _NAME, "address")
    list_filter = (AtBeforeFilter, "action", "subject", "actor_kind")
    search_fields = ("actor", "name")
    search_help_text = "Beginning of the name of the actor or of the subject"
    ordering = ("-at", "-id")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AuditEntry], search_term: str
    ) -> tuple[QuerySet[AuditEntry], bool]:
        """Search for names that begin with the whole text."""
        text = search_term.strip().replace("\0", "")
        found = queryset.filter(Q(actor__startswith=text) | Q(name__startswith=text)) if text else queryset
        return found, False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[Any, ...]:
        """All fields."""
        return tuple(_SHOWN.get(field.name, field.name) for field in AuditEntry._meta.fields)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[Any, ...]:
        """All fields."""
        return self.get_readonly_fields(request, obj)
