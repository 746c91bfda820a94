"""A column, or a line of a form, for a text that people have typed, or JSON: shown so that nothing in it is hidden."""

import json
from collections.abc import Callable

from django.contrib import admin
from django.db.models import Model
from django.utils.html import format_html

from training_status.visible_text import one_line


def visible_field(name: str) -> Callable[[Model], str]:
    """For `list_display` and `readonly_fields`, in place of the field's name."""

    @admin.display(description=name.replace("_", " "), ordering=name)
    def shown(listed: Model) -> str:
        value = getattr(listed, name)
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        return format_html("<bdi>{}</bdi>", one_line(text))

    return shown
