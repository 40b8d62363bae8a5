"""Headers in the forms that servers and clients have them in: read as one, and written into any mapping."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any

Headers = Mapping[str, str] | Mapping[str, Any] | Iterable[tuple[str | bytes, str | bytes]]
"""A mapping with names in any case, a WSGI environ, or pairs as ASGI has them."""


def read(headers: Headers, names: Iterable[str]) -> dict[str, str]:
    """Give the headers of these lower-case names that are there; values of one given several times are joined."""
    wanted = frozenset(names)
    pairs = headers.items() if isinstance(headers, Mapping) or hasattr(headers, "items") else headers
    # In a WSGI environ the request's headers are told from all else, the process's environment included, by a prefix.
    prefix = "http_" if isinstance(headers, Mapping) and "REQUEST_METHOD" in headers else ""
    found: dict[str, str] = {}
    for name, value in pairs:
        key = _text(name).lower()
        if not key.startswith(prefix) or (key := key[len(prefix) :]) not in wanted:
            continue
        text = _text(value)
        found[key] = f"{found[key]},{text}" if key in found else text
    return found


def write(headers: MutableMapping[str, str], values: Mapping[str, str]) -> None:
    """Set the headers of these lower-case names, in place of any spelled otherwise; an empty value removes them."""
    there = {name.lower(): name for name in list(headers) if isinstance(name, str)}
    for name, value in values.items():
        if name in there:
            del headers[there[name]]
        if value:
            headers[name] = value


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return value if isinstance(value, str) else ""
