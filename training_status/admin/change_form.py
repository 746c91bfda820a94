"""A form that changes what is stored: it sends what this operator changed, and undoes nobody else's change."""

from collections.abc import Mapping
from typing import Any, cast

from django.core.exceptions import ValidationError
from django.http import QueryDict

from training_status.admin.body_form import Body, BodyForm
from training_status.errors import Conflict
from training_status.visible_text import visible_text


class ChangeForm(BodyForm[Body]):
    """Each field carries, hidden, what it showed; what still is as it was shown is not part of the body.

    What was typed is compared with what was shown, not with what is stored by then: a page may be old.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.show_hidden_initial = True

    @classmethod
    def as_shown(cls, stored: Mapping[str, Any]) -> dict[str, Any]:
        """Stored values as the fields show them."""
        return dict(stored)

    def as_body(self) -> dict[str, Any]:
        """The fields that were changed, as the API takes them."""
        return {name: self.cleaned_data[name] for name in self.changed_data}

    def check_edit_conflict(self, stored: Mapping[str, Any]) -> None:
        """Raise Conflict (`changed_meanwhile`) when one of these stored values, which the body would replace, is
        neither what was shown nor what was typed.

        Call it under the lock of what is changed. Each such field gets an error with the value that it has now; sent
        once more, the form replaces that one.
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
            said = f"it is now: {visible_text(text)}" if text else "it is empty now"
            self.add_error(name, f"Somebody else has changed this meanwhile, {said}\nSave again to replace that.")
        raise Conflict("Somebody else has changed the same meanwhile.", code="changed_meanwhile")

    def _shown(self, name: str) -> Any:
        """What the field showed, as the form says; a form that was made up may say nothing of use."""
        try:
            return self.fields[name].to_python(self.data.get(self.add_initial_prefix(name)))
        except ValidationError:
            return None
