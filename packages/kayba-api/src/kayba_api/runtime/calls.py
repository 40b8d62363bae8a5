# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
"""Takes the steps of a call: on the caller's thread, or in its event loop."""

import time
from collections import deque
from typing import Any, Self, TypeVar

import anyio
import httpx

from ..client import Client
from .steps import Operation, Options, Pause, Steps, exchange

T = TypeVar("T")


class _Calls:
    """How calls are made.

    Attributes:
        client: Where they go.
        max_retries: How often each is tried again at most.
    """

    def __init__(self, client: Client, max_retries: int, *, record: bool = False) -> None:
        self.client = client
        self.max_retries = max_retries
        self._answers: deque[httpx.Response] = deque(maxlen=int(record))

    def recording(self) -> Self:
        """The same, but keeping the last answer, for `recorded`."""
        return type(self)(self.client, self.max_retries, record=True)

    def recorded(self) -> httpx.Response:
        """The last answer that came."""
        return self._answers[-1]

    def steps(self, operation: Operation[T], arguments: dict[str, Any], options: Options) -> Steps[T]:
        """The steps of one call."""
        return exchange(operation, arguments, options, self.max_retries)

    def _keep(self, response: httpx.Response) -> httpx.Response:
        self._answers.append(response)
        return response


class Calls(_Calls):
    """Calls on the caller's thread."""

    def call(self, operation: Operation[T], arguments: dict[str, Any], options: Options) -> T:
        """Make one call; takes, gives and raises what `exchange` does."""
        return self.run(self.steps(operation, arguments, options))

    def run(self, steps: Steps[T]) -> T:
        """Take steps until they end, and give what they return."""
        request = self.client.get_httpx_client().request
        try:
            step = next(steps)
            while True:
                if isinstance(step, Pause):
                    time.sleep(step.seconds)
                    step = next(steps)
                    continue
                try:
                    response = request(**step.arguments)
                except httpx.RequestError as error:
                    step = steps.throw(error)
                else:
                    step = steps.send(self._keep(response))
        except StopIteration as end:
            result: T = end.value
            return result


class AsyncCalls(_Calls):
    """Calls in the caller's event loop."""

    async def call(self, operation: Operation[T], arguments: dict[str, Any], options: Options) -> T:
        """Make one call; takes, gives and raises what `exchange` does."""
        return await self.run(self.steps(operation, arguments, options))

    async def run(self, steps: Steps[T]) -> T:
        """Take steps until they end, and give what they return."""
        request = self.client.get_async_httpx_client().request
        try:
            step = next(steps)
            while True:
                if isinstance(step, Pause):
                    await anyio.sleep(step.seconds)
                    step = next(steps)
                    continue
                try:
                    response = await request(**step.arguments)
                except httpx.RequestError as error:
                    step = steps.throw(error)
                else:
                    step = steps.send(self._keep(response))
        except StopIteration as end:
            result: T = end.value
            return result


class Resource:
    """Operations that belong together, on the caller's thread."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls


class AsyncResource:
    """Operations that belong together, in the caller's event loop."""

    def __init__(self, calls: AsyncCalls) -> None:
        self._calls = calls
