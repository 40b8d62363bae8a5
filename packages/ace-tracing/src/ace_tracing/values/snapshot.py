"""Snapshot: encodes any Python value as bounded JSON at once, on the caller's thread.

No value makes it raise; the function `Limits.inspect` can.

A function can change its inputs later, so a value is encoded when it is captured. orjson encodes plain JSON directly,
see `plain_json`. Any other value is first copied to plain JSON, see `json_copies`. The limits count bytes, values and
work, so a value has the same text on an idle and on a busy machine. No code of the value runs: it could take any time.
"""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType

from orjson import dumps

from ace_tracing.interrupts import raise_interrupt
from ace_tracing.values.cuts import encode_within
from ace_tracing.values.json_copies import JsonCopier
from ace_tracing.values.limits import ATTRIBUTE_LIMITS as ATTRIBUTE_LIMITS
from ace_tracing.values.limits import DEFAULT_LIMITS as DEFAULT_LIMITS
from ace_tracing.values.limits import MAX_KEY_CHARS
from ace_tracing.values.limits import Limits as Limits
from ace_tracing.values.media import MIN_TEXT_CHARS, may_have_media, media_policy
from ace_tracing.values.plain_json import is_plain


def snapshot(value: object, limits: Limits = DEFAULT_LIMITS) -> bytes:
    """Encode a value as JSON within `limits`. NaN and infinities become null."""
    try:
        kind = type(value)
        # Types are compared with `is`: looking a type up in a set would run its metaclass's code.
        if kind is str:
            if len(value) <= limits.flat_chars:  # type: ignore[arg-type]
                return dumps(value)
            if len(value) <= limits.string_chars:  # type: ignore[arg-type]
                encoded = dumps(value)
                if len(encoded) <= limits.value_bytes:
                    return encoded
        elif (kind is dict or kind is list or kind is tuple) and len(value) <= limits.flat_items:  # type: ignore[arg-type]
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
                if len(encoded) <= limits.flat_bytes or (
                    len(encoded) <= limits.value_bytes and (kind is not dict or max(map(len, value)) <= MAX_KEY_CHARS)  # type: ignore[call-overload]
                ):
                    return encoded
        elif kind is int or kind is float or kind is bool or value is None:
            return dumps(value)
        if (kind is dict or kind is list or kind is tuple) and is_plain(value, limits):  # type: ignore[arg-type]
            encoded = dumps(value)
            if len(encoded) <= limits.value_bytes:
                return encoded
    except (TypeError, RuntimeError) as error:
        # A lone surrogate, an integer beyond 64 bits, or a dict that another thread changes: the copy handles them.
        raise_interrupt(error)
    return _encode_copy(value, limits)


def make_snapshot(limits: Limits) -> Callable[[object], bytes]:
    """Return `snapshot` with other limits as its default: an argument would cost 45 instructions a call."""
    return FunctionType(snapshot.__code__, globals(), snapshot.__name__, (limits,))


def _encode_copy(value: object, limits: Limits) -> bytes:
    if limits.inspect is not None:
        limits.inspect(value)
    try:
        return _encode_checked_copy(value, limits, is_strict=False)
    except TypeError as error:
        raise_interrupt(error)
        return _encode_checked_copy(value, limits, is_strict=True)


def _encode_checked_copy(value: object, limits: Limits, *, is_strict: bool) -> bytes:
    copier = JsonCopier(limits, is_strict)
    copied = copier.copy(value)
    if limits.media_chars:
        encoded = dumps(copied)
        # Base64 needs no escapes, so all that is left is the text beside it.
        is_whole = len(encoded) - copier.media_chars <= limits.value_bytes
        has_room = is_whole and not copier.is_full
        if has_room or media_policy.mode == "off" or not may_have_media(encoded):
            return encoded if is_whole else encode_within(copied, limits.value_bytes, copier.cuts)
        # Only a value over the limit pays for the search in all its texts.
        copier = JsonCopier(limits, is_strict, min_text_chars=MIN_TEXT_CHARS)
        encoded = dumps(copier.copy(value))
        if len(encoded) - copier.media_chars <= limits.value_bytes:
            return encoded
        # A cut could end in the middle of a medium.
        copier = JsonCopier(limits, is_strict, min_text_chars=MIN_TEXT_CHARS, keeps_media=False)
        copied = copier.copy(value)
    return encode_within(copied, limits.value_bytes, copier.cuts)
