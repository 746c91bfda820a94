"""Access tokens in the admin: the list, and revoking. Secrets are not stored, so they cannot be shown."""

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
    """Lists and revokes tokens. `manage.py create_token` creates them and shows the token once."""

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
        """Revoke tokens, from their next request on."""
        count = revoke_tokens(list(queryset.values_list("id", flat=True)))
        self.message_user(request, f"{count} revoked.")

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Whether the user may change tokens; revoking is the only change."""
        return request.user.has_perm("training_status.change_accesstoken")
