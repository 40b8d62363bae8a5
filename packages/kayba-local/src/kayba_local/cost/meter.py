"""Meters: count the values of a body piece by piece, and stop at a limit.

A few compressed KB can decompress to millions of empty values, each of which takes a hundred bytes of memory and some
microseconds once it is an object. A meter sees the decompressed pieces before the whole body is held.
"""

from __future__ import annotations

from abc import ABC, abstractmethod


class TooManyValues(Exception):  # noqa: N818 - the name describes the body
    """A body with more values than the limit. The message is for the caller."""


class Meter(ABC):
    """A counter of a body's values.

    Attributes:
        visited: The bytes that were counted through, for tests of the work that a request causes.

    Args:
        limit: The number of values that a body may have.
        noun: The name of the values in the message, in the plural.
        min_value_bytes: The size of the smallest value. A body that is too small for `limit` of them is not counted.
    """

    def __init__(self, limit: int, noun: str, min_value_bytes: int) -> None:
        self.visited = 0
        self._limit = limit
        self._noun = noun
        self._free_bytes = limit * min_value_bytes
        self._size = 0
        self._waiting: list[bytes] = []

    def feed(self, piece: bytes) -> None:
        """Count the values in the next piece of the body.

        Raises:
            TooManyValues: The body has more than the limit.
        """
        self._size += len(piece)
        self._waiting.append(piece)
        if self._size <= self._free_bytes:
            return
        pieces, self._waiting = self._waiting, []
        for waiting in pieces:
            self.visited += len(waiting)
            if self._count(waiting) > self._limit:
                raise TooManyValues(f"The body has more than {self._limit:,} {self._noun}: send less in one request.")

    @abstractmethod
    def _count(self, piece: bytes) -> int:
        """Return the number of values so far, including those of this piece."""
