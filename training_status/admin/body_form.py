"""A form whose rules are those of the API: what was typed is read as the body of a request."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import msgspec
from django import forms

from training_status.errors import AegisError, InvalidInput

Body = TypeVar("Body")


class TextField(forms.CharField):
    """Text of which a line ends as in the API: browsers end lines in a way of their own."""

    def to_python(self, value: Any) -> Any:
        """The text with line feeds."""
        text = super().to_python(value)
        return text.replace("\r\n", "\n").replace("\r", "\n") if isinstance(text, str) else text


class BodyForm(forms.Form, Generic[Body]):
    """`read` is the API's own reader and `as_body` what it is given; `body` is what came out, once the form is valid.

    A fault stands at the field that it is about.
    """

    read: Callable[[bytes], Body]
    body: Body

    def as_body(self) -> dict[str, Any]:
        """The fields as the API takes them."""
        return dict(self.cleaned_data)

    def clean(self) -> dict[str, Any]:
        """Read it, unless a field has a fault already."""
        if not self.errors:
            try:
                self.body = self.read(msgspec.json.encode(self.as_body()))
            except InvalidInput as error:
                name = (error.field or "").split("[")[0].split(".")[0]
                self.add_error(name if name in self.fields else None, error.detail)
        return self.cleaned_data

    def apply(self, command: Callable[[Body], None], *, at_field: str | None = None) -> bool:
        """Whether the form was sent, is valid, and `command` did it. What the deed refuses stands in the form, at
        `at_field` unless it is at a field already.
        """
        if not self.is_valid():
            return False
        try:
            command(self.body)
        except AegisError as error:
            if not self.errors:
                own_field = error.field if isinstance(error, InvalidInput) else None
                self.add_error(own_field if own_field in self.fields else at_field, error.detail)
            return False
        return True
