"""Calls: run the steps of a call on the caller's thread or in its event loop."""

import time
from collections import deque
from typing import Any, Self, TypeVar

import anyio
import httpx

from ._call_steps import CallOptions, CallSteps, Operation, Pause, call_with_retries
from .client import Client

T = TypeVar("T")


class _BaseCalls:
    """The state that both kinds of calls share.

    Attributes:
        client: The low-level client that sends the requests.
        max_retries: Maximum number of retries of each request.
    """

    def __init__(self, client: Client, max_retries: int, *, record: bool = False) -> None:
        self.client = client
        self.max_retries = max_retries
        self._responses: deque[httpx.Response] = deque(maxlen=int(record))

    def recorder(self) -> Self:
        """Return a copy that keeps the last response for `last_response`."""
        return type(self)(self.client, self.max_retries, record=True)

    def last_response(self) -> httpx.Response:
        """Return the last response that a `recorder` received."""
        return self._responses[-1]

    def steps(self, operation: Operation[T], arguments: dict[str, Any], options: CallOptions) -> CallSteps[T]:
        """Return the steps of one call."""
        return call_with_retries(operation, arguments, options, self.max_retries)

    def _record(self, response: httpx.Response) -> httpx.Response:
        self._responses.append(response)
        return response


class Calls(_BaseCalls):
    """Calls on the caller's thread."""

    def call(self, operation: Operation[T], arguments: dict[str, Any], options: CallOptions) -> T:
        """Make one call, with the arguments, the result and the errors of `call_with_retries`."""
        return self.run(self.steps(operation, arguments, options))

    def run(self, steps: CallSteps[T]) -> T:
        """Run steps until they end and return their result."""
        try:
            step = next(steps)
            while True:
                if isinstance(step, Pause):
                    time.sleep(step.seconds)
                    step = next(steps)
                    continue
                try:
                    response = self.client.get_httpx_client().request(**step.arguments)
                except httpx.RequestError as error:
                    step = steps.throw(error)
                else:
                    step = steps.send(self._record(response))
        except StopIteration as end:
            result: T = end.value
            return result


class AsyncCalls(_BaseCalls):
    """Calls in the caller's event loop."""

    async def call(self, operation: Operation[T], arguments: dict[str, Any], options: CallOptions) -> T:
        """Make one call, with the arguments, the result and the errors of `call_with_retries`."""
        return await self.run(self.steps(operation, arguments, options))

    async def run(self, steps: CallSteps[T]) -> T:
        """Run steps until they end and return their result."""
        try:
            step = next(steps)
            while True:
                if isinstance(step, Pause):
                    await anyio.sleep(step.seconds)
                    step = next(steps)
                    continue
                try:
                    response = await self.client.get_async_httpx_client().request(**step.arguments)
                except httpx.RequestError as error:
                    step = steps.throw(error)
                else:
                    step = steps.send(self._record(response))
        except StopIteration as end:
            result: T = end.value
            return result


class Resource:
    """The base class of a tag's methods on the caller's thread."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls


class AsyncResource:
    """The base class of a tag's methods in the caller's event loop."""

    def __init__(self, calls: AsyncCalls) -> None:
        self._calls = calls
