"""Arrays, tables and tensors in a few lines: what they are, how large, and their first values where reading is free.

No library is imported here: an array in hand means that its own library has been. Nothing is computed, and nothing is
moved from a device.
"""

from __future__ import annotations

import sys
from typing import Any

from ace_tracing.values.reflect import MISSING, attribute_of, is_found_where_it_says, module_of, name_of

FIRST_VALUES = 10
FIRST_ROWS = 5
FIRST_COLUMNS = 50

Summary = list[tuple[str, Any]]


def numpy_array(value: Any) -> Summary:
    """An `ndarray`: its type, shape and first values in C order."""
    numpy = sys.modules["numpy"]
    # As the base class: a subclass would be told of the slice. Slicing `flat` copies those few values only.
    plain = numpy.ndarray.view(value, numpy.ndarray)
    return [
        ("<type>", name_of(type(value))),
        ("dtype", str(plain.dtype)),
        ("shape", plain.shape),
        ("first", plain.flat[:FIRST_VALUES].tolist()),
    ]


def numpy_scalar(value: Any) -> object:
    """A numpy number as Python's; text for what Python has none of."""
    numpy = sys.modules["numpy"]
    if issubclass(type(value), (numpy.datetime64, numpy.timedelta64)):
        return str(numpy.array(value).astype(str))
    plain = numpy.generic.item(value)
    return str(plain) if issubclass(type(plain), numpy.generic) else plain


def pandas_frame(value: Any) -> Summary:
    """A `DataFrame`: its shape, first columns and first rows."""
    corner = sys.modules["pandas"].DataFrame(value.iloc[:FIRST_ROWS, :FIRST_COLUMNS])
    return [
        ("<type>", name_of(type(value))),
        ("shape", value.shape),
        ("columns", list(corner.columns)),
        ("first", [list(row) for row in corner.itertuples(index=False, name=None)]),
    ]


def pandas_column(value: Any) -> Summary:
    """A `Series` or an `Index`: its name, type, shape and first values."""
    return [
        ("<type>", name_of(type(value))),
        ("name", value.name),
        ("dtype", str(value.dtype)),
        ("shape", value.shape),
        ("first", list(value[:FIRST_VALUES] if not hasattr(value, "iloc") else value.iloc[:FIRST_VALUES])),
    ]


def tensor(value: object) -> Summary | None:
    """Anything that has a shape and a dtype at hand, as a torch tensor: those, and its device. None for others."""
    shape, dtype = attribute_of(value, "shape"), attribute_of(value, "dtype")
    if shape is MISSING or dtype is MISSING or not issubclass(type(shape), tuple):
        return None
    device = attribute_of(value, "device")
    known: Summary = [
        ("<type>", name_of(type(value))),
        ("dtype", _text(dtype)),
        ("shape", tuple.__getitem__(shape, slice(None))),
    ]
    return known if device is MISSING else [*known, ("device", _text(device))]


def _text(described: object) -> str:
    """A dtype or a device as its library prints it, as `torch.float32` or `cuda:0`."""
    kind = type(described)
    if kind is str:
        return described  # type: ignore[return-value]
    is_known = module_of(kind).partition(".")[0] in ("numpy", "torch") and is_found_where_it_says(kind)
    return str(described) if is_known else name_of(kind)
