"""The fields of objects whose classes say which fields make them up: dataclasses, attrs, pydantic, named tuples.

Fields that their author keeps out of the repr (`repr=False`, as one does with a key) are left out here, too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ace_tracing.values.reflect import MISSING, attribute_of, attributes_of, class_attribute, instance_dict

Fields = list[tuple[str, Any]]
FieldReader = Callable[[object], Fields]


def field_reader(kind: type) -> FieldReader | None:
    """What gives the names and values of an object's fields, in the class's order; None for any other class.

    It does not hold on to the class.
    """
    for marker, reader in _MARKERS.items():
        declared = class_attribute(kind, marker)
        if declared is not MISSING:
            found = reader(kind, declared)
            if found is not None:
                return found
    return None


def _declared_by_name(_kind: type, declared: object) -> FieldReader | None:
    if type(declared) is not dict:
        return None
    names = [name for name, field in declared.items() if type(name) is str and not _is_hidden(field)]

    def read(value: object) -> Fields:
        fields = attributes_of(value, names)
        # What a pydantic model that allows it was given beyond its fields.
        extra = attribute_of(value, "__pydantic_extra__")
        return [*fields, *extra.items()] if type(extra) is dict else fields

    return read


def _pydantic_1(_kind: type, declared: object) -> FieldReader | None:
    if type(declared) is not dict:
        return None
    hidden = {name for name, field in declared.items() if type(name) is str and _is_hidden(field)}
    return lambda value: [field for field in dict.items(instance_dict(value)) if field[0] not in hidden]


def _attrs(_kind: type, declared: object) -> FieldReader | None:
    if not issubclass(type(declared), tuple):
        return None
    shown = [attribute_of(field, "name") for field in tuple.__iter__(declared) if not _is_hidden(field)]  # type: ignore[arg-type, var-annotated]
    names = [name for name in shown if type(name) is str]
    return lambda value: attributes_of(value, names)


def _named_tuple(kind: type, declared: object) -> FieldReader | None:
    if not issubclass(kind, tuple) or type(declared) is not tuple or any(type(name) is not str for name in declared):
        return None
    return lambda value: list(zip(declared, tuple.__iter__(value), strict=True))  # type: ignore[arg-type]


def _is_hidden(field: object) -> bool:
    # pydantic 1 keeps what was said of a field one step away.
    return attribute_of(field, "repr") is False or attribute_of(attribute_of(field, "field_info"), "repr") is False


_MARKERS: dict[str, Callable[[type, object], FieldReader | None]] = {
    "__dataclass_fields__": _declared_by_name,
    "__pydantic_fields__": _declared_by_name,
    # pydantic before 2.10, and before 2.
    "model_fields": _declared_by_name,
    "__fields__": _pydantic_1,
    "__attrs_attrs__": _attrs,
    "_fields": _named_tuple,
}
