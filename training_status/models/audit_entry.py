"""Who did what, from where and when."""

from django.db import models
from django.db.models import Q

from training_status.visible_text import one_line

ACTOR_KINDS = ("user", "token", "anonymous", "command", "service")
ACTIONS = ("created", "changed", "cancelled", "failed", "deleted", "exported", "imported", "granted", "revoked")
SUBJECTS = ("domain", "run", "log", "token", "user", "group")


class AuditEntry(models.Model):
    """Written in the transaction of what it tells of, and never changed: a trigger of the database refuses it.

    `actor` is the name of a user, a token or a command; `address` where the request came from, empty for a command.
    `subject` is what kind of thing it was done to and `name` which one: a domain's name (of a `log`, that of its run's
    domain), `medical #3`, a token's `name (prefix)`, a user's or a group's name. No key refers to another table: what
    is told of may be gone.
    """

    at = models.DateTimeField()
    actor_kind = models.CharField(max_length=9, choices=[(kind, kind) for kind in ACTOR_KINDS])
    actor = models.CharField(max_length=200)
    address = models.CharField(max_length=100, default="", blank=True)
    action = models.CharField(max_length=9, choices=[(action, action) for action in ACTIONS])
    subject = models.CharField(max_length=6, choices=[(subject, subject) for subject in SUBJECTS])
    name = models.CharField(max_length=250)
    details = models.JSONField(default=dict)

    class Meta:
        ordering = ("-at", "-id")
        verbose_name_plural = "audit entries"
        default_permissions = ("view",)
        indexes = (
            # Lists are newest first, from any time on; a search is for the beginning of a name.
            models.Index(fields=("at", "id"), name="audit_by_time"),
            models.Index(fields=("action", "at", "id"), name="audit_by_action"),
            models.Index(fields=("subject", "at", "id"), name="audit_by_subject"),
            models.Index(fields=("actor_kind", "at", "id"), name="audit_by_actor_kind"),
            models.Index(fields=("actor",), name="audit_by_actor", opclasses=("varchar_pattern_ops",)),
            models.Index(fields=("name",), name="audit_by_name", opclasses=("varchar_pattern_ops",)),
        )
        constraints = (
            models.CheckConstraint(condition=Q(actor_kind__in=ACTOR_KINDS), name="audit_actor_kind_known"),
            models.CheckConstraint(condition=Q(action__in=ACTIONS), name="audit_action_known"),
            models.CheckConstraint(condition=Q(subject__in=SUBJECTS), name="audit_subject_known"),
        )

    def __str__(self) -> str:
        return one_line(f"{self.actor} {self.action} {self.subject} {self.name}")
