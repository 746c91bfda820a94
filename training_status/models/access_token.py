"""A credential for programs."""

from django.db import models
from django.db.models import Q

from training_status.models.domain import Domain
from training_status.roles import ROLES
from training_status.visible_text import one_line


class AccessToken(models.Model):
    """`prefix` is public and finds the row; of the secret only the SHA-256 is kept.

    `domain` null: good for all domains. `expires_at` null: never expires, for trainings that take
    longer than any guess. `last_used_at` is written at most once a minute.
    """

    name = models.CharField(max_length=200)
    prefix = models.CharField(max_length=12, unique=True)
    secret_sha256 = models.CharField(max_length=64)
    role = models.CharField(max_length=10, choices=[(role, role) for role in ROLES])
    domain = models.ForeignKey(Domain, on_delete=models.CASCADE, null=True, related_name="access_tokens")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("name", "id")
        constraints = (
            models.CheckConstraint(condition=~Q(name=""), name="token_name_not_empty"),
            models.CheckConstraint(condition=Q(role__in=ROLES), name="token_role_known"),
        )

    def __str__(self) -> str:
        return one_line(f"{self.name} ({self.role})")
