"""Comparison of type annotations by their text."""

from __future__ import annotations

import ast
from collections.abc import Iterator


def is_within(annotation: str, other: str) -> bool:
    """Return whether every member of an annotation's union is a member of another one's.

    Args:
        annotation: A Python expression, e.g. `"Page[Job] | None"`.
        other: Another one.
    """
    return set(_members(ast.parse(annotation, mode="eval").body)) <= set(_members(ast.parse(other, mode="eval").body))


def _members(node: ast.expr) -> Iterator[str]:
    match node:
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            yield from _members(left)
            yield from _members(right)
        case ast.Subscript(value=ast.Name(id="Literal") as literal, slice=ast.Tuple(elts=values)):
            yield from (f"{literal.id}[{ast.unparse(value)}]" for value in values)
        case ast.Subscript(value=outer, slice=inner):
            # Response[A] is within Response[A | B].
            yield from (f"{ast.unparse(outer)}[{member}]" for member in _members(inner))
        case _:
            yield ast.unparse(node)
