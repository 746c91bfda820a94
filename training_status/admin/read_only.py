"""An admin page that shows and does not change."""

from typing import Any

from django.http import HttpRequest

from training_status.admin.bounded_list import BoundedListAdmin


class ReadOnlyAdmin(BoundedListAdmin):
    """Changes go through functions of their own, not through Django's forms."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False
