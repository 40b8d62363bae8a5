"""Fields: the fields of dataclasses, attrs classes, pydantic models and named tuples.

A field that its class keeps out of the repr (`repr=False`, common for keys) or out of its serialized form (pydantic's
`exclude=True`) is left out here as well. So is a field whose repr or exclusion is a function: it would have to run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, Final

from ace_tracing.values.introspection import (
    MISSING,
    attribute_of,
    attributes_of,
    class_attribute,
    find_position,
    instance_dict,
    name_of,
    slot_at,
)
from ace_tracing.values.limits import MAX_KEY_CHARS
from ace_tracing.values.views import Elements, Entries, View

FieldReader = Callable[[Any], View]
"""Returns the names and values of an object's fields, in the order in which the class declares them."""
_ValuesReader = Callable[[object], Sequence[Any] | None]
"""Returns the values of an object's fields; None when one has no value, or is not where the class stores it."""


def find_field_reader(kind: type) -> FieldReader | None:
    """Return the reader of a class's fields, or None when the class declares none.

    The reader does not keep a reference to the class.
    """
    for marker, reader_factory in _FACTORIES.items():
        declared = class_attribute(kind, marker)
        if declared is not MISSING:
            reader = reader_factory(kind, declared)
            if reader is not None:
                return reader
    return None


def _mapping_reader(kind: type, declared: object) -> FieldReader | None:
    if type(declared) is not dict:
        return None
    # A pydantic dataclass declares its fields twice, and only pydantic's declaration has `exclude`.
    models = class_attribute(kind, "__pydantic_fields__")
    hidden = {name for name, field in models.items() if _is_hidden(field)} if type(models) is dict else set()
    names = [
        name for name, field in declared.items() if type(name) is str and name not in hidden and not _is_hidden(field)
    ]
    read = _attributes_reader(kind, names)
    position = find_position(kind, "__pydantic_extra__")
    if position < 0:
        return read

    def read_with_extra(value: object) -> View:
        # A pydantic model can accept values beyond its declared fields.
        extra = slot_at(value, position, "__pydantic_extra__")
        if type(extra) is not dict or not extra:
            return read(value)
        return _entries([*attributes_of(value, names), *extra.items()])

    return read_with_extra


def _attributes_reader(kind: type, names: Sequence[str]) -> FieldReader:
    """Return a reader of attributes that the object stores in its `__dict__` or in slots."""
    names = tuple(names)
    read_values = _find_values_reader(kind, names)

    def read(value: object) -> View:
        values = read_values(value)
        return _entries(attributes_of(value, names)) if values is None else (names, values)

    return read


def _find_values_reader(kind: type, names: tuple[str, ...]) -> _ValuesReader:
    position = find_position(kind, "__dict__")
    if any(len(name) > MAX_KEY_CHARS for name in names):
        return lambda _: None
    if position >= 0:
        return _dict_reader(names, position)
    return _slots_reader([(name, find_position(kind, name)) for name in names])


def _dict_reader(names: tuple[str, ...], position: int) -> _ValuesReader:
    # With one name, `itemgetter` returns the value and no tuple.
    pick = itemgetter(*names) if len(names) > 1 else lambda stored: [stored[name] for name in names]

    def read(value: object) -> Sequence[Any] | None:
        stored = slot_at(value, position, "__dict__")
        if type(stored) is not dict:
            return None
        try:
            return pick(stored)
        except KeyError:
            return None

    return read


def _slots_reader(slots: Sequence[tuple[str, int]]) -> _ValuesReader:
    def read(value: object) -> Sequence[Any] | None:
        values = []
        for name, position in slots:
            found = slot_at(value, position, name)
            if found is MISSING:
                return None
            values.append(found)
        return values

    return read


def _entries(fields: list[tuple[str, Any]]) -> View:
    return Entries(fields, len(fields))


def _pydantic_1_reader(_kind: type, declared: object) -> FieldReader | None:
    if type(declared) is not dict:
        return None
    hidden = {name for name, field in declared.items() if type(name) is str and _is_hidden(field)}
    return lambda value: _entries([field for field in dict.items(instance_dict(value)) if field[0] not in hidden])


def _attrs_reader(kind: type, declared: object) -> FieldReader | None:
    if not issubclass(type(declared), tuple):
        return None
    shown = [attribute_of(field, "name") for field in tuple.__iter__(declared) if not _is_hidden(field)]  # type: ignore[arg-type, var-annotated]
    names = [name for name in shown if type(name) is str]
    return _attributes_reader(kind, names)


def _named_tuple_reader(kind: type, declared: object) -> FieldReader | None:
    if not issubclass(kind, tuple) or type(declared) is not tuple or any(type(name) is not str for name in declared):
        return None

    def read(value: Any) -> View:
        values = tuple.__getitem__(value, slice(None))
        return (declared, values) if len(values) == len(declared) else Elements(values, len(values))

    return read


def _is_hidden(field: object) -> bool:
    # pydantic 1 stores the settings in the field's `field_info`.
    if _hides(field) or _hides(attribute_of(field, "field_info")):
        return True
    # A plain dataclass has the settings of pydantic in a default or in an annotation.
    metadata = attribute_of(attribute_of(field, "type"), "__metadata__")
    others = [attribute_of(field, "default"), *(metadata if type(metadata) is tuple else ())]
    return any(name_of(type(other)) in _PYDANTIC_FIELDS and _hides(other) for other in others)


def _hides(declaration: object) -> bool:
    """Return whether one declaration of a field hides it."""
    is_shown = attribute_of(declaration, "repr")
    if is_shown is not MISSING and is_shown is not True:
        return True
    # None by default. A collection excludes a part of the field, in pydantic 1. A function would have to run.
    excluded = [attribute_of(declaration, name) for name in ("exclude", "exclude_if")]
    return any(setting is not MISSING and setting is not None and setting is not False for setting in excluded)


_PYDANTIC_FIELDS: Final = ("pydantic.fields.FieldInfo", "pydantic.v1.fields.FieldInfo")

_FACTORIES: Final[dict[str, Callable[[type, object], FieldReader | None]]] = {
    "__dataclass_fields__": _mapping_reader,
    "__pydantic_fields__": _mapping_reader,
    # pydantic before 2.10, and before 2.
    "model_fields": _mapping_reader,
    "__fields__": _pydantic_1_reader,
    "__attrs_attrs__": _attrs_reader,
    "_fields": _named_tuple_reader,
}
"""Class attributes that list a class's fields, with the factory of the reader for each."""
