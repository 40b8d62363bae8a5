"""The tree assertion: an expected tree of spans, compared with a trace."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from textwrap import dedent
from typing import Final, NamedTuple, TypeAlias

from ace_tracing.reading.model import Span
from ace_tracing.reading.outline import clean
from ace_tracing.reading.trace import Trace

Expected: TypeAlias = str | Sequence["Expected"] | Mapping[str, "Expected | None"]
"""A tree: indented text, `("parent", child, child)`, `{"parent": children}`, or a list of trees side by side."""

MAX_NAME_CHARS: Final = 200

_DETAILS: Final = re.compile(r"(?P<name>.*?)\s*\[(?P<type>[^\[\]\s]*?) ?(?P<status>OK|ERROR|UNSET)?\]")


class _Line(NamedTuple):
    depth: int
    text: str


class _Recorded(NamedTuple):
    depth: int
    span: Span


def assert_tree(trace: Trace, expected: Expected) -> None:
    r"""Assert that a trace consists of the expected spans, in the same order and with the same parents.

    A span is written as its name, optionally followed by its type, its status or both in brackets: `answer`,
    `answer [LLM]`, `answer [ERROR]`, `answer [LLM ERROR]`. These are the same tree:

        "agent\n  retrieve\n  answer [LLM]"
        ("agent", "retrieve", "answer [LLM]")
        {"agent": {"retrieve": None, "answer [LLM]": None}}

    Args:
        trace: The recorded trace.
        expected: The expected tree. A text has one span per line, and may be indented as a whole.

    Raises:
        AssertionError: The trace has another tree. The message shows both, one span per line: `-` marks a missing
            span, `+` an unexpected one.
        ValueError: `expected` is not a tree.
    """
    __tracebackhide__ = True
    expected_lines = list(_lines(expected, 0))
    recorded = [_Recorded(depth, span) for depth, span in trace.walk()]
    is_same = len(expected_lines) == len(recorded) and all(map(_matches, expected_lines, recorded))
    if not is_same:
        difference = _difference(expected_lines, recorded)
        raise AssertionError(f"the trace is not as expected (- expected, + recorded)\n{difference}")


def _lines(expected: Expected | None, depth: int) -> Iterator[_Line]:
    """Yield the spans of an expected tree, parents before children."""
    match expected:
        case None:
            return
        case str():
            yield from _lines_of_text(expected, depth)
        case Mapping():
            for parent, children in expected.items():
                yield _Line(depth, parent)
                yield from _lines(children, depth + 1)
        case tuple([str(parent), *children]):
            yield _Line(depth, parent)
            for child in children:
                yield from _lines(child, depth + 1)
        case list() | tuple():
            for tree in expected:
                yield from _lines(tree, depth)
        case _:
            raise ValueError(f"A tree consists of str, tuple, list and dict, not of {type(expected).__name__}.")


def _lines_of_text(text: str, depth: int) -> Iterator[_Line]:
    indents: list[int] = []
    for number, line in enumerate(dedent(text.expandtabs()).splitlines(), 1):
        name = line.strip()
        if not name:
            continue
        indent = len(line) - len(line.lstrip())
        while indents and indents[-1] >= indent:
            closed = indents.pop()
            if closed > indent and (indents[-1] if indents else -1) < indent:
                raise ValueError(f"Line {number} of the tree, {name!r}, is indented like no line above it.")
        yield _Line(depth + len(indents), name)
        indents.append(indent)


def _matches(expected: _Line, recorded: _Recorded) -> bool:
    span = recorded.span
    if expected.depth != recorded.depth:
        return False
    if expected.text == span.name:
        return True
    details = _DETAILS.fullmatch(expected.text)
    return (
        details is not None
        and details["name"] == span.name
        and details["type"] in ("", span.span_type)
        and details["status"] in (None, span.status.status_code)
    )


def _difference(expected: list[_Line], recorded: list[_Recorded]) -> str:
    """Return both trees as one text, with a sign before each span that only one of them has."""
    left = [_name_of(line) for line in expected]
    right = [(depth, span.name) for depth, span in recorded]
    text: list[str] = []
    for kind, i, i_end, j, j_end in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if kind == "equal":
            for line, actual in zip(expected[i:i_end], recorded[j:j_end], strict=True):
                matches = _matches(line, actual)
                text += [_format(" ", line)] if matches else [_format("-", line), _format("+", _to_line(actual))]
        else:
            text += [_format("-", line) for line in expected[i:i_end]]
            text += [_format("+", _to_line(actual)) for actual in recorded[j:j_end]]
    return "\n".join(text)


def _name_of(line: _Line) -> tuple[int, str]:
    details = _DETAILS.fullmatch(line.text)
    return line.depth, details["name"] if details else line.text


def _to_line(recorded: _Recorded) -> _Line:
    depth, span = recorded
    details = [span.span_type] if span.span_type != "UNKNOWN" else []
    if span.status.status_code != "OK":
        details.append(span.status.status_code)
    return _Line(depth, f"{span.name} [{' '.join(details)}]" if details else span.name)


def _format(sign: str, line: _Line) -> str:
    return f"{sign} {'  ' * line.depth}{clean(line.text, MAX_NAME_CHARS)}"
