"""``Kayba`` and ``AsyncKayba`` called alike, so that a test is written once and run with both."""

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
        is_async: whether it is an AsyncKayba, with an event loop of its own.
        settings: the client's own arguments.
    """

    def __init__(self, is_async: bool, **settings: Any) -> None:
        self._ending = ExitStack()
        self._runner = self._ending.enter_context(asyncio.Runner()) if is_async else None
        # Nothing here speaks TLS, and loading the certificates would take most of a test's time.
        settings.setdefault("httpx_args", {"verify": False})
        self.client: Any = AsyncKayba(**settings) if is_async else Kayba(**settings)

    def __call__(self, call: Callable[[Any], Any]) -> Any:
        """What a call gives, awaited if it has to be."""
        if self._runner is None:
            return call(self.client)

        async def awaited() -> Any:
            found = call(self.client)
            return await found if inspect.isawaitable(found) else found

        return self._runner.run(awaited())

    def items(self, call: Callable[[Any], Any]) -> list[Any]:
        """All that iterating over what a call gives goes over."""
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
        with self._ending:
            self.close()
