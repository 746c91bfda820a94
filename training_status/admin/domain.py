"""Domains in the admin."""

from django.contrib import admin

from training_status.admin.read_only import ReadOnlyAdmin
from training_status.models import Domain


@admin.register(Domain)
class DomainAdmin(ReadOnlyAdmin):
    """What there is to train."""

    list_display = ("name", "llm_model", "last_run_number", "created_at")
    search_fields = ("name", "description")
