"""Lexer of filters: splits a text into tokens with their positions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from kayba_local.store.query.errors import InvalidFilter

WORD: Final = "word"
TEXT: Final = "text"
KEY: Final = "key"
NUMBER: Final = "number"
TIME: Final = "time"
QUANTITY: Final = "quantity"
SYMBOL: Final = "symbol"
END: Final = "end"

_TOKENS: Final = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<text>'(?:[^']|'')*' | "(?:[^"]|"")*")
  | (?P<key>`[^`]*`)
  | (?P<time>[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9:.]+(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?(?![\w.]))
  | (?P<quantity>[+-]?[0-9]+(?:\.[0-9]+)?(?:ms|[smhdw])(?![\w.]))
  | (?P<number>[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![^\s()'"`=<>!,]))
  | (?P<symbol>!=|>=|<=|<>|[=<>(),])
  # An apostrophe belongs to the word in `let's`, but begins a text in `LIKE'a'`.
  | (?P<word>(?:(?!(?:NOT|I|R)?LIKE')(?<!\S)\w+'\w+ | [^\s()'"`=<>!,] | !(?!=))+)
    """,
    re.VERBOSE | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A token; `text` is as in the filter, with its quotes, `position` counts characters from 1."""

    kind: str
    text: str
    position: int

    @property
    def end(self) -> int:
        """The position after the token."""
        return self.position + len(self.text)

    def matches(self, *words: str) -> bool:
        """Return whether the token is one of some keywords or symbols, which are in upper case."""
        return self.kind in (WORD, SYMBOL) and self.text.upper() in words


def scan(text: str) -> list[Token]:
    """Return the tokens of a text; the last one is of the kind `END`.

    Raises:
        InvalidFilter: A quote is never closed.
    """
    tokens: list[Token] = []
    at = 0
    while at < len(text):
        match = _TOKENS.match(text, at)
        if match is None or match.lastgroup is None:
            raise InvalidFilter(f"the quote at position {at + 1} is never closed", at + 1)
        if match.lastgroup != "space":
            tokens.append(Token(match.lastgroup, match.group(), at + 1))
        at = match.end()
    tokens.append(Token(END, "", len(text) + 1))
    return tokens


def unquote(token: Token) -> str:
    """Return the content of a quoted token; a doubled quote in it is one quote."""
    quote = token.text[0]
    return token.text[1:-1].replace(quote * 2, quote)
