"""A filter of a list with a text field, for values of which there are too many to list."""

from collections.abc import Iterator
from typing import Any

from django.contrib.admin import ListFilter, ModelAdmin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest


class TypedFilter(ListFilter):
    """A text field instead of links. Subclasses convert its text to a condition."""

    template = "admin/training_status/typed_filter.html"
    parameter_name = ""
    input_type = "text"

    def __init__(
        self, request: HttpRequest, params: dict[str, list[str]], model: type[Model], model_admin: ModelAdmin
    ) -> None:
        super().__init__(request, params, model, model_admin)
        self.typed = (params.pop(self.parameter_name, None) or [""])[-1].strip()
        if self.typed:
            self.used_parameters[self.parameter_name] = self.typed

    def has_output(self) -> bool:
        """The filter is always shown."""
        return True

    def expected_parameters(self) -> list[str | None]:
        """Return the one parameter."""
        return [self.parameter_name]

    def choices(self, changelist: ChangeList) -> Iterator[dict[str, Any]]:
        """Yield the context of the template: the text, and the other parameters, which are kept."""
        others = {name: value for name, value in changelist.params.items() if name not in (self.parameter_name, "p")}
        yield {
            "name": self.parameter_name,
            "typed": self.typed,
            "type": self.input_type,
            "others": list(others.items()),
            "without": changelist.get_query_string(remove=[self.parameter_name]),
        }

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Filter by the text, if there is any."""
        return queryset.filter(self.condition(self.typed)) if self.typed else queryset

    def condition(self, typed: str) -> Q:
        """Return the condition for the text."""
        raise NotImplementedError
