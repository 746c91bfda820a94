"""A form whose rules are those of the API: what was typed is read as the body of a request."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import msgspec
from django import forms

from training_status.errors import InvalidInput

Body = TypeVar("Body")


class BodyForm(forms.Form, Generic[Body]):
    """`read` is the API's own reader and `as_body` what it is given; `body` is what came out, once the form is valid.

    A fault stands at the field that it is about.
    """

    read: Callable[[bytes], Body]
    body: Body

    def as_body(self) -> dict[str, Any]:
        """The fields as the API takes them; browsers end lines in a way of their own."""
        typed = self.cleaned_data.items()
        return {name: value.replace("\r\n", "\n") if isinstance(value, str) else value for name, value in typed}

    def clean(self) -> dict[str, Any]:
        """Read it, unless a field has a fault already."""
        if not self.errors:
            try:
                self.body = self.read(msgspec.json.encode(self.as_body()))
            except InvalidInput as error:
                name = (error.field or "").split("[")[0].split(".")[0]
                self.add_error(name if name in self.fields else None, error.detail)
        return self.cleaned_data
