"""JSON values that a server may confuse with each other, and their exact comparison."""

from __future__ import annotations

from typing import Any, Final

JSON_LIKE_TEXTS: Final = [
    "123",
    "1.5",
    "true",
    "null",
    "NaN",
    '{"a": 1}',
    "[1, 2]",
    '"quoted"',
    '"',
    "",
    "Paris",
    "é\n\0😀",
]

VALUES: Final[dict[str, Any]] = {
    "none": None,
    "true": True,
    "false": False,
    "zero": 0,
    "int": -42,
    "float": 1.5,
    "whole float": 2.0,
    "tiny float": 5e-324,
    "large float": 1e300,
    "largest int": 2**63 - 1,
    "smallest int": -(2**63),
    "empty list": [],
    "empty dict": {},
    "list": [1, "2", None, True, 1.5, [], {}],
    "dict": {"a": {"b": [{"c": None}]}, "text": "123", "json": '{"a": 1}'},
    **{f"text {text!r}": text for text in JSON_LIKE_TEXTS},
}
"""Values of every JSON type, by name."""


def is_identical(found: Any, expected: Any) -> bool:
    """Return whether two values have equal content and equal types at every level: 1, 1.0 and True differ."""
    return repr(found) == repr(expected)
