"""The columns of the admin's lists that show a run's status."""

from django.contrib import admin
from django.db.models import Model
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString

from training_status.admin.run_snapshot import snapshot_of
from training_status.run_text import age_text, seconds_since, state_class, state_text, time_left_text

NOTHING = "–"


class StatusCells:
    """Columns for lists whose objects have a `RunSnapshot` attached."""

    @admin.display(description="State")
    def shown_state(self, listed: Model) -> str:
        """The displayed state, with its health or reason."""
        run, _ = snapshot_of(listed)
        if run is None:
            return "never trained"
        return format_html('<span class="run-state {}">{}</span>', state_class(run), state_text(run))

    @admin.display(description="Progress")
    def progress(self, listed: Model) -> SafeString | str:
        """The phase bar and the percentage."""
        run, _ = snapshot_of(listed)
        return NOTHING if run is None else render_to_string("admin/training_status/phase_bar.html", {"run": run})

    @admin.display(description="Time left")
    def time_left(self, listed: Model) -> str:
        """The formatted time left."""
        run, now = snapshot_of(listed)
        return NOTHING if run is None else time_left_text(run, now) or NOTHING

    @admin.display(description="Last report")
    def last_report(self, listed: Model) -> str:
        """The time since the last report."""
        run, now = snapshot_of(listed)
        return NOTHING if run is None else age_text(seconds_since(run["last_report_at"], now))
