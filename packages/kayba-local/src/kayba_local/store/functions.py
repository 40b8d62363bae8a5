"""SQL functions of the store: case folding by Unicode, and regular expressions."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from kayba_local.store.errors import InvalidValue

if TYPE_CHECKING:
    import regex

FOLD: Final = "kayba_fold"
"""SQL function: a text without differences of case, by Unicode's rules."""
SEARCH: Final = "kayba_search"
"""SQL function: whether a text contains a match of a regular expression."""
MAX_SEARCH_S: Final = 0.1
"""Time that one search of a regular expression may take. Those of usual patterns take microseconds."""
MAX_TOTAL_SEARCH_S: Final = 10.0
"""Time that the searches of regular expressions in a block of `report_failures` may take together."""
MAX_SEARCHED_CHARACTERS: Final = 65_536
"""Characters of a text that RLIKE reads."""
MAX_EXPRESSIONS: Final = 64
"""Compiled expressions that are kept."""


class _Run(threading.local):
    """The calls of functions by the queries of this thread.

    Attributes:
        failure: The reason why a function failed; SQLite's error does not contain it.
        search_s: The time that regular expressions have taken.
    """

    failure: str = ""
    search_s: float = 0.0


_run: Final = _Run()


def register_functions(connection: sqlite3.Connection) -> None:
    """Make the SQL functions of this module available in a connection."""
    connection.create_function(FOLD, 1, fold, deterministic=True)
    connection.create_function(SEARCH, 2, _search, deterministic=True)


@contextmanager
def report_failures() -> Iterator[None]:
    """Raise the reason if a function fails in a query of the block.

    Raises:
        InvalidValue: A regular expression takes too long.
    """
    _run.failure, _run.search_s = "", 0.0
    try:
        yield
    except sqlite3.OperationalError as error:
        if _run.failure:
            raise InvalidValue(_run.failure) from error
        raise


def fold(text: Any) -> Any:
    """Return a text without differences of case, by Unicode's rules; any other value as it is."""
    return text.casefold() if isinstance(text, str) else text


def check_expression(expression: str) -> None:
    """Check a regular expression.

    Raises:
        InvalidValue: The expression is malformed.
    """
    import regex

    try:
        _compile(expression)
    except (regex.error, RecursionError, MemoryError, OverflowError) as error:
        raise InvalidValue(f"{error}") from error


@lru_cache(MAX_EXPRESSIONS)
def _compile(expression: str) -> regex.Pattern[str]:
    # The standard library's engine cannot be interrupted, and an expression such as (a|aa)+$ takes it years.
    import regex

    return regex.compile(expression)


def _search(text: Any, expression: str) -> bool | None:
    if text is None:
        return None
    started = time.perf_counter()
    limit_s = min(MAX_SEARCH_S, MAX_TOTAL_SEARCH_S - _run.search_s)
    try:
        # `concurrent` lets other threads run during the search.
        found = _compile(expression).search(
            str(text)[:MAX_SEARCHED_CHARACTERS], timeout=max(limit_s, 0.0), concurrent=True
        )
    except TimeoutError:
        _run.failure = f"the regular expression {expression!r} takes too long: avoid repetitions inside repetitions"
        raise
    _run.search_s += time.perf_counter() - started
    return found is not None
