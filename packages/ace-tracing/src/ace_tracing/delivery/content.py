"""Content: the failures to encode a trace, the only exceptions that drop a trace at once.

Every other exception of an attempt keeps the traces: its cause is the environment, the network or the service. One of
unknown cause drops a trace only if it follows that trace alone, while the service accepts others.
"""

from __future__ import annotations

from types import TracebackType
from typing import Final


class ContentError(Exception):
    """A trace, or feedback, cannot be encoded because of its own content."""


class _Encoding:
    """Context manager that raises a failure of its block as a `ContentError`, unless the system is at fault."""

    def __enter__(self) -> None:
        """Begin to encode."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        if isinstance(error, Exception) and not is_environment(error):
            raise ContentError(f"{type(error).__name__}: {error}") from error


encoding: Final = _Encoding()
"""Put `with encoding:` around code that reads only the content of traces or feedback."""


def is_environment(error: Exception) -> bool:
    """Return whether an exception is certain to have a cause outside the traces, such as a full memory."""
    return isinstance(error, MemoryError | OSError)
