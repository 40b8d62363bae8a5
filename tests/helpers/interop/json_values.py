"""Values that a server might confuse with one another."""

from __future__ import annotations

from typing import Any

LOOK_LIKE_JSON = ["123", "1.5", "true", "null", "NaN", '{"a": 1}', "[1, 2]", '"quoted"', '"', "", "Paris", "é\n\0😀"]

VALUES: dict[str, Any] = {
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
    **{f"text {text!r}": text for text in LOOK_LIKE_JSON},
}
"""By name."""


def same(found: Any, expected: Any) -> bool:
    """Equal, and of the same types all the way down: 1, 1.0 and True are not the same."""
    return repr(found) == repr(expected)
