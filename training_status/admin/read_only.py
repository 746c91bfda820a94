"""The base class of read-only admin pages."""

from typing import Any

from django.http import HttpRequest

from training_status.admin.bounded_list import BoundedListAdmin


class ReadOnlyAdmin(BoundedListAdmin):
    """Django's forms change nothing here. Actions call the functions of the service."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False
