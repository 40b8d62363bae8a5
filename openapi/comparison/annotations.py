"""Whether one type annotation stands for no more than another, as far as their text tells."""

from __future__ import annotations

import ast
from collections.abc import Iterator


def is_within(annotation: str, other: str) -> bool:
    """Whether every arm of an annotation is an arm of another one.

    Args:
        annotation: A Python expression, e.g. ``"Page[Job] | None"``.
        other: The same.
    """
    return set(_arms(ast.parse(annotation, mode="eval").body)) <= set(_arms(ast.parse(other, mode="eval").body))


def _arms(node: ast.expr) -> Iterator[str]:
    match node:
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            yield from _arms(left)
            yield from _arms(right)
        case ast.Subscript(value=ast.Name(id="Literal") as literal, slice=ast.Tuple(elts=values)):
            yield from (f"{literal.id}[{ast.unparse(value)}]" for value in values)
        case ast.Subscript(value=outer, slice=inner):
            # Of Response[A | B] and Response[A], the second stands for less.
            yield from (f"{ast.unparse(outer)}[{arm}]" for arm in _arms(inner))
        case _:
            yield ast.unparse(node)
