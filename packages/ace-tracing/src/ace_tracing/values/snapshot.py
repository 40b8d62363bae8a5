"""Snapshot: encodes any Python value as bounded JSON at once, on the caller's thread, and never raises.

A function can change its inputs later, so a value is encoded when it is captured. orjson encodes small plain JSON
directly. Any other value is first copied: a value that cannot be encoded becomes a placeholder in angle brackets
(`<function f>`), and a value that exceeds a limit is cut, with a note of the amount. The copy is bounded in bytes and
in time. The time bound holds because no user code runs; see `conversion`.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any, Final, TypeVar

from orjson import dumps

from ace_tracing.clocks import perf_counter
from ace_tracing.values.conversion import convert
from ace_tracing.values.introspection import name_of
from ace_tracing.values.views import Elements, Entries, Replacement, View

_T = TypeVar("_T")

MAX_KEY_CHARS: Final = 1_000
_SCALAR_BYTES: Final = 24
"""The max_chars JSON text of a number, with a comma."""
_CUT_NOTE_BYTES: Final = 64
"""The approximate size of a note about a cut."""
_MIN_BYTES_PER_ITEM: Final = 16
"""The assumed size of an element before it is read: reading elements takes time too."""
_FLAT_ITEM_LIMIT: Final = 16
_VALUES_PER_CLOCK_CHECK: Final = 64


class Limits:
    """Limits on the kept part of one value. The rest is cut, and a note in its place reports the amount.

    Args:
        value_bytes: The max_chars JSON text of a value. The notes about cuts can add a few KB.
        string_chars: The max_chars string, in characters.
        items: The maximum number of elements of one list, or entries of one object.
        depth: The deepest nesting of lists and objects. Some servers accept a value nested deeper than about 30 and
            then fail to return it.
        seconds: The time spent on a value. The rest is cut.
    """

    __slots__ = ("depth", "flat_bytes", "flat_items", "items", "seconds", "string_chars", "value_bytes")

    def __init__(
        self,
        value_bytes: int = 1_048_576,
        string_chars: int = 262_144,
        items: int = 10_000,
        depth: int = 24,
        seconds: float = 0.01,
    ) -> None:
        self.value_bytes = value_bytes
        self.string_chars = string_chars
        self.items = items
        self.depth = depth
        self.seconds = seconds
        # Below both bounds, a flat container is within every limit and needs no further check.
        self.flat_items = min(_FLAT_ITEM_LIMIT, items) if depth > 1 else -1
        self.flat_bytes = min(MAX_KEY_CHARS, value_bytes)


DEFAULT_LIMITS: Final = Limits()


def snapshot(value: object, limits: Limits = DEFAULT_LIMITS) -> bytes:
    """Encode a value as JSON within `limits`. NaN and infinities become null."""
    try:
        kind = type(value)
        # Types are compared with `is`: looking a type up in a set would run its metaclass's code.
        if (kind is dict or kind is list or kind is tuple) and len(value) <= limits.flat_items:  # type: ignore[arg-type]
            # Inlined for the common case, a few strings and numbers by name: a function call would double the cost.
            max_chars = limits.string_chars
            for item in value.values() if kind is dict else value:  # type: ignore[attr-defined, union-attr]
                item_kind = type(item)
                if item_kind is str:
                    if len(item) > max_chars:
                        break
                elif item_kind is list and len(item) <= limits.flat_items:
                    for inner in item:
                        item_kind = type(inner)
                        if item_kind is str:
                            if len(inner) > max_chars:
                                break
                        elif (
                            item_kind is not int
                            and item_kind is not float
                            and item_kind is not bool
                            and inner is not None
                        ):
                            break
                    else:
                        continue
                    break
                elif item_kind is not int and item_kind is not float and item_kind is not bool and item is not None:
                    break
            else:
                encoded = dumps(value)
                # No key can exceed its limit in a text this short.
                if len(encoded) <= limits.flat_bytes:
                    return encoded
        elif kind is str and len(value) <= limits.string_chars:  # type: ignore[arg-type]
            encoded = dumps(value)
            if len(encoded) <= limits.value_bytes:
                return encoded
        # Encoding cannot be interrupted, so orjson gets neither ten million numbers nor types it treats specially.
        if _remaining_bytes((value,), limits.value_bytes, limits.depth + 1, limits) >= 0:
            encoded = dumps(value)
            if len(encoded) <= limits.value_bytes:
                return encoded
    except (TypeError, RuntimeError):
        # A lone surrogate, an integer beyond 64 bits, or a dict that another thread changes: the copy handles them.
        pass
    return dumps(_BoundedCopy(limits).copy(value, 0))


def _remaining_bytes(value: Any, budget: int, depth: int, limits: Limits) -> int:
    """Return the bytes of `budget` left after a list, tuple or dict; negative when it breaks a limit or is not JSON."""
    size = len(value)
    budget -= _MIN_BYTES_PER_ITEM * (size + 4)
    if budget < 0 or size > limits.items or not depth:
        return -1
    if type(value) is dict:
        for key in value:
            if type(key) is not str or len(key) > MAX_KEY_CHARS:
                return -1
        value = value.values()
    max_chars = limits.string_chars
    for item in value:
        kind = type(item)
        if kind is str:
            if len(item) > max_chars:
                return -1
            budget -= len(item)
        elif kind is int or kind is float:
            continue
        elif kind is dict or kind is list or kind is tuple:
            budget = _remaining_bytes(item, budget, depth - 1, limits)
            if budget < 0:
                return -1
        elif kind is not bool and item is not None:
            return -1
    return budget


class _BoundedCopy:
    """One bounded copy of one value, with its remaining bytes, its deadline and the containers being copied."""

    __slots__ = ("_ancestors", "_budget", "_deadline", "_limits", "_value_count")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._budget = limits.value_bytes
        self._deadline = perf_counter() + limits.seconds
        self._value_count = 0
        self._ancestors: set[int] = set()

    def copy(self, value: object, depth: int) -> Any:
        self._value_count += 1
        if not self._value_count % _VALUES_PER_CLOCK_CHECK and perf_counter() > self._deadline:
            self._budget = 0
        self._budget -= _SCALAR_BYTES
        kind = type(value)
        if kind is str:
            return self._cut_text(value)  # type: ignore[arg-type]
        if kind is float or kind is bool or value is None:
            return value
        if kind is int and -(2**63) <= value < 2**63:  # type: ignore[operator]
            return value
        if id(value) in self._ancestors:
            return self._cut_text(f"<{name_of(kind)}: contains itself>", MAX_KEY_CHARS)
        self._ancestors.add(id(value))
        try:
            return self._copy_view(value, kind, depth)
        except Exception as error:  # noqa: BLE001 - reading a library's array can fail
            return self._cut_text(f"<{name_of(kind)}: {name_of(type(error))} while reading it>", MAX_KEY_CHARS)
        finally:
            self._ancestors.discard(id(value))

    def _copy_view(self, value: Any, kind: type, depth: int) -> Any:
        if kind is dict:
            view: View = Entries(value.items(), len(value))
        elif kind is list or kind is tuple:
            view = Elements(value, len(value))
        else:
            view = convert(value)
        view_type = type(view)
        if view_type is int or view_type is float:
            return view
        if issubclass(view_type, str):
            return self._cut_text(view)  # type: ignore[arg-type]
        if depth >= self._limits.depth:
            return self._cut_text(f"<{name_of(kind)}: nested deeper than {self._limits.depth}>", MAX_KEY_CHARS)
        if view_type is Replacement:
            return self.copy(view.value, depth + 1)  # type: ignore[union-attr]
        return (self._copy_entries if view_type is Entries else self._copy_elements)(view.items, view.size, depth)  # type: ignore[union-attr, arg-type]

    def _copy_entries(self, items: Iterable[tuple[object, object]], size: int, depth: int) -> dict[str, Any]:
        kept: dict[str, Any] = {}
        for key, item in self._take(items):
            if self._budget <= 0:
                break
            name = self._unique_key(key, depth, kept)
            kept[name] = self.copy(item, depth + 1)
        if len(kept) < size:
            kept[self._number_duplicate("<cut>", kept)] = f"{size - len(kept)} more of {size} items"
        return kept

    def _copy_elements(self, items: Iterable[object], size: int, depth: int) -> list[Any]:
        kept: list[Any] = []
        for item in self._take(items):
            if self._budget <= 0:
                break
            kept.append(self.copy(item, depth + 1))
        if len(kept) < size:
            kept.append(f"<cut: {size - len(kept)} more of {size} items>")
        return kept

    def _take(self, items: Iterable[_T]) -> list[_T]:
        # In one step: another thread can change the collection at the next thread switch.
        return list(islice(items, self._limits.items))

    def _unique_key(self, key: object, depth: int, kept: dict[str, Any]) -> str:
        plain = key if type(key) is str else self.copy(key, depth + 1)
        text = dumps(plain).decode() if isinstance(plain, (list, dict)) else str(plain)
        return self._number_duplicate(self._cut_text(text, MAX_KEY_CHARS), kept)

    @staticmethod
    def _number_duplicate(key: str, kept: dict[str, Any]) -> str:
        """Return the key, numbered when another key has the same text."""
        unique = key
        while unique in kept:
            unique = f"{key} #{len(kept) + 1}"
        return unique

    def _cut_text(self, text: str, limit: int | None = None) -> str:
        size = str.__len__(text)
        budget = max(0, min(self._limits.string_chars if limit is None else limit, self._budget))
        while True:
            kept = str.__getitem__(text, slice(0, budget))
            try:
                cost = len(dumps(kept))
            except TypeError:
                # A lone surrogate is legal in a str and illegal in JSON.
                kept = kept.encode("utf-8", "backslashreplace").decode()
                cost = len(dumps(kept))
            if cost <= self._budget + _SCALAR_BYTES or not budget:
                break
            # An escape or a non-ASCII character takes up to six bytes.
            budget //= 2
        self._budget -= cost
        if budget >= size:
            return kept
        self._budget -= _CUT_NOTE_BYTES
        return f"{kept}<cut: {size - budget} more of {size} characters>"
