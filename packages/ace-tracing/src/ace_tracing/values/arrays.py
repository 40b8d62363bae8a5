"""Arrays: summaries of numpy arrays, pandas tables and tensors, with their first values where reading is cheap.

No library is imported here: a value of a library's type means that the library is already imported. Nothing is
computed, and no data is copied from a device.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Any, Final

from ace_tracing.values.introspection import MISSING, attribute_of, is_genuine, module_of, name_of
from ace_tracing.values.views import Fields

MAX_VALUES: Final = 10
MAX_ROWS: Final = 5
MAX_COLUMNS: Final = 50
MAX_COPIED_BYTES: Final = 16 * 1024 * 1024
"""The size of the largest numpy array that is copied. A larger one is passed as a view that cannot be written."""
MAX_COPIED_CELLS: Final = 32 * 1024 * 1024
"""The number of cells of the largest table that is copied, before pandas 3. Since pandas 3, a copy is lazy."""

CopyAll = Callable[[Iterable[Any]], list[Any]]
"""Returns copies of several values."""

_ARRAY_NAMES: Final = ("<type>", "dtype", "shape", "first")
_FRAME_NAMES: Final = ("<type>", "shape", "columns", "first")
_COLUMN_NAMES: Final = ("<type>", "name", "dtype", "shape", "first")
_TENSOR_NAMES: Final = ("<type>", "dtype", "shape", "device")
_SIMPLE_KINDS: Final = frozenset("biufcmMSUO")
"""The kinds of dtypes whose `str` attribute names them completely."""
_MAX_CACHED_DTYPES: Final = 100
_dtype_names: Final[dict[str, str]] = {}


def summarize_numpy_array(value: Any) -> Fields:
    """Return the type, dtype, shape and first values of an `ndarray`, in C order."""
    kind = type(value)
    array_type = sys.modules["numpy"].ndarray
    # A subclass would run code for a slice, so read through the base class. Slicing `flat` copies only these values.
    plain = value if kind is array_type else array_type.view(value, array_type)
    return _ARRAY_NAMES, (name_of(kind), _name_dtype(plain.dtype), plain.shape, plain.flat[:MAX_VALUES].tolist())


def _name_dtype(dtype: Any) -> str:
    """Return the text of a dtype of numpy, which numpy composes anew each time."""
    if dtype.kind not in _SIMPLE_KINDS:
        return str(dtype)
    code = dtype.str
    known = _dtype_names.get(code)
    if known is None:
        if len(_dtype_names) >= _MAX_CACHED_DTYPES:
            _dtype_names.clear()
        known = _dtype_names[code] = str(dtype)
    return known


def convert_numpy_scalar(value: Any) -> object:
    """Return a numpy scalar as a Python value, or as text when Python has no such type."""
    numpy = sys.modules["numpy"]
    if issubclass(type(value), (numpy.datetime64, numpy.timedelta64)):
        return str(numpy.array(value).astype(str))
    plain = numpy.generic.item(value)
    return str(plain) if issubclass(type(plain), numpy.generic) else plain


def summarize_pandas_frame(value: Any) -> Fields:
    """Return the type, shape, first columns and first rows of a `DataFrame`."""
    corner = sys.modules["pandas"].DataFrame(value.iloc[:MAX_ROWS, :MAX_COLUMNS])
    rows = [list(row) for row in corner.itertuples(index=False, name=None)]
    return _FRAME_NAMES, (name_of(type(value)), value.shape, list(corner.columns), rows)


def summarize_pandas_column(value: Any) -> Fields:
    """Return the type, name, dtype, shape and first values of a `Series` or an `Index`."""
    first = list(value[:MAX_VALUES] if not hasattr(value, "iloc") else value.iloc[:MAX_VALUES])
    return _COLUMN_NAMES, (name_of(type(value)), value.name, str(value.dtype), value.shape, first)


def summarize_tensor(value: object) -> Fields | None:
    """Return the type, dtype, shape and device of an object that stores a shape and a dtype, such as a torch tensor.

    Returns:
        The summary, without the device when there is none; None for any other object.
    """
    shape, dtype = attribute_of(value, "shape"), attribute_of(value, "dtype")
    if shape is MISSING or dtype is MISSING or not issubclass(type(shape), tuple):
        return None
    device = attribute_of(value, "device")
    values = [name_of(type(value)), _text(dtype), tuple.__getitem__(shape, slice(None))]
    if device is MISSING:
        return _TENSOR_NAMES[:3], values
    return _TENSOR_NAMES, [*values, _text(device)]


def _text(described: object) -> str:
    """Return a dtype or a device as its library prints it, such as `torch.float32` or `cuda:0`."""
    kind = type(described)
    if kind is str:
        return described  # type: ignore[return-value]
    is_from_library = module_of(kind).partition(".")[0] in ("numpy", "torch") and is_genuine(kind)
    return str(described) if is_from_library else name_of(kind)


def copy_numpy_array(value: Any, copy_all: CopyAll) -> Any:
    """Return a copy of an `ndarray` and of the objects in it. A large array becomes a read-only view."""
    numpy = sys.modules["numpy"]
    array_type = numpy.ndarray
    if array_type.nbytes.__get__(value) > MAX_COPIED_BYTES:
        view = array_type.view(value)
        array_type.setflags(view, write=False)
        return view
    # A masked array of numpy also copies its mask. Other subclasses would run their own code.
    is_numpys = module_of(type(value)).startswith("numpy.") and is_genuine(type(value))
    copied = value.copy() if is_numpys else array_type.copy(value, "K")
    if array_type.dtype.__get__(value).kind == "O" and array_type.ndim.__get__(value):
        plain = array_type.view(copied, array_type)
        for index, item in zip(numpy.ndindex(plain.shape), copy_all(list(plain.flat)), strict=True):
            plain[index] = item
    return copied


def copy_pandas(value: Any, copy_all: CopyAll) -> Any:
    """Return a copy of a `DataFrame` or a `Series` and of the objects in it. An `Index` cannot be changed.

    Raises:
        OverflowError: The table is larger than `MAX_COPIED_CELLS`.
    """
    pandas = sys.modules["pandas"]
    if issubclass(type(value), pandas.Index):
        return value
    is_lazy = int(pandas.__version__.partition(".")[0]) >= 3
    if not is_lazy and value.size > MAX_COPIED_CELLS:
        raise OverflowError(f"more than {MAX_COPIED_CELLS} cells")
    if issubclass(type(value), pandas.Series):
        if value.dtype.kind == "O":
            return pandas.Series(copy_all(value.array), index=value.index.copy(), dtype=object, name=value.name)
        return pandas.Series.copy(value, deep=not is_lazy)
    copied = pandas.DataFrame.copy(value, deep=not is_lazy)
    for position, dtype in enumerate(value.dtypes):
        if dtype.kind == "O":
            column = copy_all(value.iloc[:, position].array)
            copied.isetitem(position, pandas.Series(column, index=copied.index, dtype=object))
    return copied
