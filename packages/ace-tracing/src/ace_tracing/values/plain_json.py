"""Plain JSON: finds out whether orjson may encode a value unchanged, before it is encoded.

Encoding cannot be interrupted, and orjson treats some types specially, such as enums, whose code it would run. A value
is plain when it contains only exact built-in types and its sizes are within the limits.
"""

from __future__ import annotations

from gc import get_referents
from itertools import chain
from typing import Any, Final

from ace_tracing.interrupts import raise_interrupt
from ace_tracing.values.limits import MAX_KEY_CHARS, Limits

MIN_BYTES_PER_VALUE: Final = 2
"""The shortest JSON text of an element, with its comma."""
NOT_PLAIN: Final = -2


def is_plain(value: dict[Any, Any] | list[Any] | tuple[Any, ...], limits: Limits) -> bool:
    """Return whether a container is plain JSON within the limits, except that its text can be too long."""
    remaining = remaining_bytes(value, limits.narrow_bytes, limits.depth, limits)
    return remaining >= 0 or (remaining != NOT_PLAIN and _is_plain_by_level(value, limits))


def remaining_bytes(value: Any, budget: int, depth: int, limits: Limits) -> int:
    """Return the bytes of `budget` left after the shortest possible JSON of a list, tuple or dict.

    Returns:
        The bytes; `NOT_PLAIN` when the value is not plain; -1 when the budget is used up before that is known.
    """
    size = len(value)
    if size > limits.items or not depth:
        return NOT_PLAIN
    budget -= MIN_BYTES_PER_VALUE * size
    if budget < 0:
        return -1
    if type(value) is dict:
        for key in value:
            if type(key) is not str or len(key) > MAX_KEY_CHARS:
                return NOT_PLAIN
        value = value.values()
    max_chars = limits.string_chars
    # Types are compared with `is`: looking a type up in a set would run its metaclass's code.
    for item in value:
        kind = type(item)
        if kind is str:
            if len(item) > max_chars:
                return NOT_PLAIN
            budget -= len(item)
        elif kind is int or kind is float:
            continue
        elif kind is dict or kind is list or kind is tuple:
            budget = remaining_bytes(item, budget, depth - 1, limits)
            if budget < 0:
                return budget
        elif kind is not bool and item is not None:
            return NOT_PLAIN
    return budget if budget >= 0 else -1


def _is_plain_by_level(value: object, limits: Limits) -> bool:
    """Return whether a value is plain, level by level: the values below a level are read in one step."""
    level: Any = (value,)
    budget, values_left = limits.value_bytes, limits.values
    max_items, max_chars = limits.items, limits.string_chars
    for depth_left in range(limits.depth, -1, -1):
        dicts = []
        has_lists = False
        chars = count = 0
        for item in level:
            kind = type(item)
            if kind is str:
                size = len(item)
                if size > max_chars:
                    return False
                chars += size
            elif kind is dict:
                dicts.append(item)
            elif kind is list or kind is tuple:
                has_lists = True
                size = len(item)
                if size > max_items:
                    return False
                count += size
            elif kind is not int and kind is not float and kind is not bool and item is not None:
                return False
        if dicts:
            sizes = list(map(len, dicts))
            count += sum(sizes)
            if max(sizes) > max_items:
                return False
        budget -= chars + MIN_BYTES_PER_VALUE * count
        values_left -= count
        if budget < 0 or values_left < 0:
            return False
        if not dicts and not has_lists:
            return True
        if not depth_left:
            return False
        # Strings and numbers refer to nothing. For a dict with keys other than strings, this also returns the keys, and
        # the numbers differ.
        try:
            level = get_referents(*level)
        except Exception as error:  # noqa: BLE001 - an audit hook can refuse the call
            raise_interrupt(error)
            return False
        if len(level) != count:
            return False
        if dicts:
            longest_key = max(map(len, set().union(*dicts)), default=0)
            if longest_key * count > budget:
                budget -= sum(map(len, chain.from_iterable(dicts)))
            if longest_key > MAX_KEY_CHARS or budget < 0:
                return False
    return False
