"""Since when the service can be reached."""

from django.db import models
from django.db.models import F, Q


class ServicePresence(models.Model):
    """One row: without a long gap, some serving process was there from `since` to `seen_at`.

    A run is given up only for silence that this covers: when the service was away, nobody could report.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    since = models.DateTimeField()
    seen_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(id=1), name="presence_is_one_row"),
            models.CheckConstraint(condition=Q(seen_at__gte=F("since")), name="presence_goes_forward"),
        )

    def __str__(self) -> str:
        return f"reachable since {self.since}, last seen {self.seen_at}"
