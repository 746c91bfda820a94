"""A form that is validated as the API validates the body of a request."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import msgspec
from django import forms

from training_status.errors import AegisError, InvalidInput

Body = TypeVar("Body")


class TextField(forms.CharField):
    """Text with line feeds, as in the API. Browsers send CRLF."""

    def to_python(self, value: Any) -> Any:
        """Return the text with line feeds."""
        text = super().to_python(value)
        return text.replace("\r\n", "\n").replace("\r", "\n") if isinstance(text, str) else text


class BodyForm(forms.Form, Generic[Body]):
    """`read` parses the result of `as_body`, as in the API. `body` is the parsed request once the form is valid.

    Errors are shown at the field that they are about.
    """

    read: Callable[[bytes], Body]
    body: Body

    def as_body(self) -> dict[str, Any]:
        """Return the fields as the API expects them."""
        return dict(self.cleaned_data)

    def clean(self) -> dict[str, Any]:
        """Parse the body, unless a field already has an error."""
        if not self.errors:
            try:
                self.body = self.read(msgspec.json.encode(self.as_body()))
            except InvalidInput as error:
                name = (error.field or "").split("[")[0].split(".")[0]
                self.add_error(name if name in self.fields else None, error.detail)
        return self.cleaned_data

    def apply(self, command: Callable[[Body], None], *, at_field: str | None = None) -> bool:
        """Call `command` if the form is valid. Return whether it succeeded.

        An error of `command` is added to its own field, else to `at_field`.
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
