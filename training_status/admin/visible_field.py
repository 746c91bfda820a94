"""A column or form field for untrusted text or JSON, with invisible characters made visible."""

import json
from collections.abc import Callable

from django.contrib import admin
from django.db.models import Model
from django.utils.html import format_html

from training_status.visible_text import one_line


def visible_field(name: str) -> Callable[[Model], str]:
    """Return a display function for `list_display` and `readonly_fields`, instead of the field's name."""

    @admin.display(description=name.replace("_", " "), ordering=name)
    def shown(listed: Model) -> str:
        value = getattr(listed, name)
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        return format_html("<bdi>{}</bdi>", one_line(text))

    return shown
