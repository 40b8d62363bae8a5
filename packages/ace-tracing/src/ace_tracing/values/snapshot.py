"""Any Python value -> bounded JSON, now, on the caller's thread, never raising.

Inputs that the function mutates later must not leak into its trace, so a value is encoded when it is seen. Small plain
JSON goes to orjson as it is. For everything else a walk first makes a plain copy, in which what cannot be encoded is
described in angle brackets (`<function f>`) and what is too much is cut, saying how much. The walk is bounded in bytes
and in time, which it can promise because it never runs a user's code: see `describe`.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from time import perf_counter
from typing import Any, TypeVar

from orjson import dumps

from ace_tracing.values.describe import simpler
from ace_tracing.values.readings import Elements, Entries, Instead, Simpler
from ace_tracing.values.reflect import name_of

_T = TypeVar("_T")

MAX_KEY_CHARS = 1_000
_SCALAR_BYTES = 24
"""No number takes more as JSON, with a comma."""
_NOTE_BYTES = 64
"""About what a note takes that says how much was cut."""
_BYTES_PER_ITEM = 16
"""What an element is taken to need, before anything is known of it: looking at elements takes time, too."""
_FEW = 16
_NODES_PER_LOOK_AT_THE_CLOCK = 64


class Limits:
    """How much of one value is kept; the rest is cut, and the cut says how much it left out.

    Args:
        value_bytes: the longest JSON text of a value; the notes that say what was cut may add a few KB.
        string_chars: the longest string, in characters.
        items: the most elements of one list, or entries of one object.
        depth: the deepest nesting of lists and objects. Servers may take a value nested deeper than about 30 and
            then fail to give it back.
        seconds: how long a value is looked at; what has not been reached by then is cut.
    """

    __slots__ = ("depth", "few", "items", "seconds", "string_chars", "sure_bytes", "value_bytes")

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
        # Worked out once: entries so few, and a text so short, that a flat object of them needs no other look.
        self.few = min(_FEW, items) if depth > 1 else -1
        self.sure_bytes = min(MAX_KEY_CHARS, value_bytes)


DEFAULT_LIMITS = Limits()


def snapshot(value: object, limits: Limits = DEFAULT_LIMITS) -> bytes:
    """Encode `value` as JSON within `limits`. NaN and infinities become null."""
    try:
        kind = type(value)
        # By `is` throughout: looking a type up in a set would run its metaclass's code.
        if (kind is dict or kind is list or kind is tuple) and len(value) <= limits.few:  # type: ignore[arg-type]
            # What most calls are given, a few strings and numbers by name: told here, as a call costs as much again.
            longest = limits.string_chars
            for item in value.values() if kind is dict else value:  # type: ignore[attr-defined, union-attr]
                held = type(item)
                if held is str:
                    if len(item) > longest:
                        break
                elif held is list and len(item) <= limits.few:
                    for inner in item:
                        held = type(inner)
                        if held is str:
                            if len(inner) > longest:
                                break
                        elif held is not int and held is not float and held is not bool and inner is not None:
                            break
                    else:
                        continue
                    break
                elif held is not int and held is not float and held is not bool and item is not None:
                    break
            else:
                encoded = dumps(value)
                # In a text as short as this no key can be too long.
                if len(encoded) <= limits.sure_bytes:
                    return encoded
        elif kind is str and len(value) <= limits.string_chars:  # type: ignore[arg-type]
            encoded = dumps(value)
            if len(encoded) <= limits.value_bytes:
                return encoded
        # Encoding cannot be stopped: it is not begun on ten million numbers, nor on what orjson reads by its own rules.
        if _room_after((value,), limits.value_bytes, limits.depth + 1, limits) >= 0:
            encoded = dumps(value)
            if len(encoded) <= limits.value_bytes:
                return encoded
    except (TypeError, RuntimeError):
        # A lone surrogate, an integer beyond 64 bits; a dict that another thread changes.
        pass
    return dumps(_Walk(limits).copy(value, 0))


def _room_after(value: Any, room: int, depth: int, limits: Limits) -> int:
    """How much of `room` bytes this list, tuple or dict may leave; negative when none, or when it is not plain JSON."""
    size = len(value)
    room -= _BYTES_PER_ITEM * (size + 4)
    if room < 0 or size > limits.items or not depth:
        return -1
    if type(value) is dict:
        for key in value:
            if type(key) is not str or len(key) > MAX_KEY_CHARS:
                return -1
        value = value.values()
    longest = limits.string_chars
    for item in value:
        kind = type(item)
        if kind is str:
            if len(item) > longest:
                return -1
            room -= len(item)
        elif kind is int or kind is float:
            continue
        elif kind is dict or kind is list or kind is tuple:
            room = _room_after(item, room, depth - 1, limits)
            if room < 0:
                return -1
        elif kind is not bool and item is not None:
            return -1
    return room


class _Walk:
    """One bounded copy of one value: how much may still be kept, until when, and which containers it is inside of."""

    __slots__ = ("_deadline", "_inside", "_limits", "_nodes", "_room")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._room = limits.value_bytes
        self._deadline = perf_counter() + limits.seconds
        self._nodes = 0
        self._inside: set[int] = set()

    def copy(self, value: object, depth: int) -> Any:
        self._nodes += 1
        if not self._nodes % _NODES_PER_LOOK_AT_THE_CLOCK and perf_counter() > self._deadline:
            self._room = 0
        self._room -= _SCALAR_BYTES
        kind = type(value)
        if kind is str:
            return self._string(value)  # type: ignore[arg-type]
        if kind is float or kind is bool or value is None:
            return value
        if kind is int and -(2**63) <= value < 2**63:  # type: ignore[operator]
            return value
        if id(value) in self._inside:
            return self._string(f"<{name_of(kind)}: contains itself>", MAX_KEY_CHARS)
        self._inside.add(id(value))
        try:
            return self._simplified(value, kind, depth)
        except Exception as error:  # noqa: BLE001 - a library's own array may fail to be read
            return self._string(f"<{name_of(kind)}: {name_of(type(error))} while reading it>", MAX_KEY_CHARS)
        finally:
            self._inside.discard(id(value))

    def _simplified(self, value: Any, kind: type, depth: int) -> Any:
        if kind is dict:
            reading: Simpler = Entries(value.items(), len(value))
        elif kind is list or kind is tuple:
            reading = Elements(value, len(value))
        else:
            reading = simpler(value)
        step = type(reading)
        if step is int or step is float:
            return reading
        if issubclass(step, str):
            return self._string(reading)  # type: ignore[arg-type]
        if depth >= self._limits.depth:
            return self._string(f"<{name_of(kind)}: nested deeper than {self._limits.depth}>", MAX_KEY_CHARS)
        if step is Instead:
            return self.copy(reading.value, depth + 1)  # type: ignore[union-attr]
        return (self._entries if step is Entries else self._elements)(reading.items, reading.size, depth)  # type: ignore[union-attr, arg-type]

    def _entries(self, items: Iterable[tuple[object, object]], size: int, depth: int) -> dict[str, Any]:
        kept: dict[str, Any] = {}
        for key, item in self._first(items):
            if self._room <= 0:
                break
            name = self._key(key, depth, kept)
            kept[name] = self.copy(item, depth + 1)
        if len(kept) < size:
            kept[self._unused("<cut>", kept)] = f"{size - len(kept)} more of {size} items"
        return kept

    def _elements(self, items: Iterable[object], size: int, depth: int) -> list[Any]:
        kept: list[Any] = []
        for item in self._first(items):
            if self._room <= 0:
                break
            kept.append(self.copy(item, depth + 1))
        if len(kept) < size:
            kept.append(f"<cut: {size - len(kept)} more of {size} items>")
        return kept

    def _first(self, items: Iterable[_T]) -> list[_T]:
        # All at once: another thread may change the collection as soon as it gets a turn.
        return list(islice(items, self._limits.items))

    def _key(self, key: object, depth: int, kept: dict[str, Any]) -> str:
        plain = key if type(key) is str else self.copy(key, depth + 1)
        text = dumps(plain).decode() if isinstance(plain, (list, dict)) else str(plain)
        return self._unused(self._string(text, MAX_KEY_CHARS), kept)

    @staticmethod
    def _unused(key: str, kept: dict[str, Any]) -> str:
        """The key itself, or numbered when another key reads the same."""
        unused = key
        while unused in kept:
            unused = f"{key} #{len(kept) + 1}"
        return unused

    def _string(self, text: str, most: int | None = None) -> str:
        size = str.__len__(text)
        room = max(0, min(self._limits.string_chars if most is None else most, self._room))
        while True:
            kept = str.__getitem__(text, slice(0, room))
            try:
                cost = len(dumps(kept))
            except TypeError:
                # Lone surrogates are legal in str and not in JSON.
                kept = kept.encode("utf-8", "backslashreplace").decode()
                cost = len(dumps(kept))
            if cost <= self._room + _SCALAR_BYTES or not room:
                break
            # Escapes and letters beyond ASCII take up to six bytes each.
            room //= 2
        self._room -= cost
        if room >= size:
            return kept
        self._room -= _NOTE_BYTES
        return f"{kept}<cut: {size - room} more of {size} characters>"
