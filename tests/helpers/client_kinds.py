"""One interface to `Kayba` and `AsyncKayba`, so one test runs with both."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

from kayba_api import AsyncKayba, Kayba

HTML = b"<html><head><style>h1 {color: red}</style></head><body><h1>502 Bad Gateway</h1></body></html>"


class Subject:
    """A client of either kind.

    Args:
        is_async: True for an `AsyncKayba` with its own event loop.
        settings: The client's arguments.
    """

    def __init__(self, is_async: bool, **settings: Any) -> None:
        self._exit_stack = ExitStack()
        self._runner = self._exit_stack.enter_context(asyncio.Runner()) if is_async else None
        # Tests use no TLS, and loading certificates takes most of a test's time.
        settings.setdefault("httpx_args", {"verify": False})
        self.client: Any = AsyncKayba(**settings) if is_async else Kayba(**settings)

    def __call__(self, call: Callable[[Any], Any]) -> Any:
        """Return the result of a call, awaited if necessary."""
        if self._runner is None:
            return call(self.client)

        async def awaited() -> Any:
            found = call(self.client)
            return await found if inspect.isawaitable(found) else found

        return self._runner.run(awaited())

    def items(self, call: Callable[[Any], Any]) -> list[Any]:
        """Return all items of a call's result."""
        if self._runner is None:
            return list(call(self.client))

        async def collected() -> list[Any]:
            return [item async for item in call(self.client)]

        return self._runner.run(collected())

    def close(self) -> None:
        """Close the client's connections."""
        self(lambda client: client.close() if self._runner is None else client.aclose())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with self._exit_stack:
            self.close()
