"""A column, or a line of a form, for a text that people have typed: shown so that nothing in it is hidden."""

from collections.abc import Callable

from django.contrib import admin
from django.db.models import Model
from django.utils.html import format_html

from training_status.visible_text import one_line


def visible_field(name: str) -> Callable[[Model], str]:
    """For `list_display` and `readonly_fields`, in place of the field's name."""

    @admin.display(description=name.replace("_", " "), ordering=name)
    def shown(listed: Model) -> str:
        return format_html("<bdi>{}</bdi>", one_line(str(getattr(listed, name))))

    return shown
