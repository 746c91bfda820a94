"""A dataclass and the SELECT that fills it, from one list of fields."""

from collections.abc import Callable, Sequence
from dataclasses import MISSING, fields
from typing import Annotated, Any, Generic, NamedTuple, TypeVar, get_args, get_origin, get_type_hints

from training_status.jsonb import from_jsonb

Row = TypeVar("Row")


class Column(NamedTuple):
    """How a field is selected: `sql` instead of a column of the table, `read` made of its value, or the column `name`
    where it is not the field's."""

    sql: str | None = None
    read: Callable[[Any], Any] | None = None
    name: str | None = None


JSONB = Column(read=from_jsonb)


def columns_of(made: type) -> dict[str, Column]:
    """The columns of a dataclass by field, in order: `Annotated[type, Column(…)]`, or the column of the same name.

    A field with a default is not selected.
    """
    hints = get_type_hints(made, include_extras=True)
    selected = [one.name for one in fields(made) if one.default is MISSING and one.default_factory is MISSING]
    return {name: _column(hints[name]) for name in selected}


def _column(hint: Any) -> Column:
    if get_origin(hint) is Annotated:
        for extra in get_args(hint)[1:]:
            if isinstance(extra, Column):
                return extra
    return Column()


class Selected(Generic[Row]):
    """The columns of a dataclass as SQL, and rows of that SELECT as instances.

    `table` is the alias of the table whose columns have the names of the fields. `columns` is what stands between
    SELECT and FROM.
    """

    def __init__(self, made: type[Row], table: str) -> None:
        columns = columns_of(made)
        self._made = made
        self._reads = [(place, one.read) for place, one in enumerate(columns.values()) if one.read is not None]
        self.columns = ", ".join(one.sql or f"{table}.{one.name or name}" for name, one in columns.items())

    def instance(self, row: Sequence[Any]) -> Row:
        """The instance that a row fills."""
        values = list(row)
        for place, read in self._reads:
            values[place] = read(values[place])
        return self._made(*values)
