"""Tokens in the admin: which there are and when each was used. Their secrets are nowhere."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from training_status.access.tokens import revoke_tokens
from training_status.admin.filters import DomainFilter, RevokedFilter
from training_status.admin.read_only import ReadOnlyAdmin
from training_status.admin.visible_field import visible_field
from training_status.models import AccessToken


@admin.register(AccessToken)
class AccessTokenAdmin(ReadOnlyAdmin):
    """New ones come from `manage.py create_token`, which can show the secret once."""

    list_display = ("shown_name", "prefix", "role", "domain", "created_at", "expires_at", "revoked_at", "last_used_at")
    list_select_related = ("domain",)
    list_filter = (DomainFilter, "role", RevokedFilter)
    search_fields = ("name", "prefix")
    ordering = ("name", "id")
    actions = ("revoke",)
    fields = readonly_fields = list_display
    shown_name = staticmethod(visible_field("name"))

    @admin.action(description="Revoke the selected tokens", permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[AccessToken]) -> None:
        """Make tokens useless from their next request on."""
        count = revoke_tokens(list(queryset.values_list("id", flat=True)))
        self.message_user(request, f"{count} revoked.")

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Whoever may change tokens; nothing else of them can be changed."""
        return request.user.has_perm("training_status.change_accesstoken")
