"""Parts of a filter: the conditions that stand beside each other by AND, with their places in the text."""

from __future__ import annotations

from dataclasses import dataclass

from kayba_local.store.query import lexer


@dataclass(frozen=True, slots=True)
class Part:
    """A condition of a filter. `start` and `end` count characters from 0."""

    text: str
    start: int
    end: int


def split_conditions(text: str) -> list[Part]:
    """Return the conditions of a valid filter that must all hold: one, if alternatives stand at its top.

    Raises:
        InvalidFilter: The text has a character that no filter has.
    """
    bounds: list[tuple[int, int]] = []
    depth = 0
    start: int | None = None
    end = 0
    for token in lexer.scan(text):
        if token.kind == lexer.END or (depth == 0 and token.matches("AND")):
            if start is not None:
                bounds.append((start, end))
            start = None
            continue
        if depth == 0 and token.matches("OR"):
            whole = text.strip()
            at = text.index(whole)
            return [Part(whole, at, at + len(whole))]
        depth += token.matches("(") - token.matches(")")
        start = token.position - 1 if start is None else start
        end = token.position - 1 + len(token.text)
    return [Part(text[start:end], start, end) for start, end in bounds]
