"""A form that changes stored values: it sends only changed fields, and detects edit conflicts."""

from collections.abc import Mapping
from typing import Any, cast

from django.core.exceptions import ValidationError
from django.http import QueryDict

from training_status.admin.body_form import Body, BodyForm
from training_status.errors import Conflict
from training_status.visible_text import visible_text


class ChangeForm(BodyForm[Body]):
    """Each field has a hidden input with its initial value. Unchanged fields are not part of the body.

    Values are compared with those that the page showed, not with the stored ones, because a page may be old.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.show_hidden_initial = True

    @classmethod
    def as_shown(cls, stored: Mapping[str, Any]) -> dict[str, Any]:
        """Return stored values as the fields show them."""
        return dict(stored)

    def as_body(self) -> dict[str, Any]:
        """Return the changed fields as the API expects them."""
        return {name: self.cleaned_data[name] for name in self.changed_data}

    def check_edit_conflict(self, stored: Mapping[str, Any]) -> None:
        """Raise Conflict (`changed_meanwhile`) if a stored value differs from the shown value and from the new value.

        Call this under the lock of the object. Each such field gets an error with its current value. Sending the
        form again replaces that value.
        """
        overwritten = []
        for name, present in self.as_shown(stored).items():
            present = self.fields[name].to_python(present)
            if present not in (self._shown(name), self.cleaned_data[name]):
                overwritten.append((name, present))
        if not overwritten:
            return
        self.data = cast(QueryDict, self.data).copy()
        for name, present in overwritten:
            text = "" if present is None else str(present)
            self.data[self.add_initial_prefix(name)] = text
            said = f"The current value is: {visible_text(text)}" if text else "The field is empty now."
            self.add_error(name, f"Somebody else has changed this field. {said}\nSave again to replace it.")
        raise Conflict("Somebody else has changed the same fields.", code="changed_meanwhile")

    def _shown(self, name: str) -> Any:
        """Return the initial value from the hidden input; None if the input is invalid."""
        try:
            return self.fields[name].to_python(self.data.get(self.add_initial_prefix(name)))
        except ValidationError:
            return None
