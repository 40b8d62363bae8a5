# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
"""Uploads of any size: as many requests as the operation's limits ask for."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, TypeVar

from attrs import frozen

from ..errors import KaybaError, PayloadTooLargeError
from .steps import Operation, Options, Steps, encoded, exchange

I = TypeVar("I")  # noqa: E741
T = TypeVar("T")

_SHARE = 0.9
"""How much of the cap several items fill together: a server may count a little differently."""


@frozen
class Splitting(Generic[I, T]):
    """How the items of a call can go in several requests.

    Attributes:
        operation: The operation.
        arguments: The request for some of the items.
        merged: One result of the results of several requests.
        max_bytes: The cap on a body.
        max_items: The cap on the items of a request.
    """

    operation: Operation[T]
    arguments: Callable[[list[I]], dict[str, Any]]
    merged: Callable[[list[T]], T]
    max_bytes: int
    max_items: int


def split(
    splitting: Splitting[I, T],
    items: Iterable[I],
    options: Options,
    max_retries: int,
    on_progress: Callable[[int, int], object] | None,
) -> Steps[T]:
    """Send all items, in their order, in as few requests as the limits allow.

    A server whose cap is lower than the contract says gets the items of a refused request in halves.

    Args:
        splitting: What is called and how it may be split.
        items: What to send.
        options: What the caller wants for each request.
        max_retries: How often to try each request again at most, unless the options say.
        on_progress: Called after each request with the number of items sent so far and of all.

    Returns:
        One result for all requests.

    Raises:
        PayloadTooLargeError: An item is over the cap alone; nothing has been sent if it is over that of the contract.
        KaybaError: A request failed; its `partial_result` is the result of those before it.
    """
    waiting = deque(_batches(splitting, list(items)))
    total, done = sum(len(batch) for batch in waiting), 0
    results: list[T] = []
    while waiting:
        batch = waiting.popleft()
        try:
            result = yield from exchange(splitting.operation, splitting.arguments(batch), options, max_retries)
        except KaybaError as error:
            if isinstance(error, PayloadTooLargeError) and len(batch) > 1:
                half = len(batch) // 2
                waiting.extendleft((batch[half:], batch[:half]))
                continue
            if results:
                error.partial_result = splitting.merged(results)
                error.add_note(f"{done} of {total} had been sent before; partial_result is what came of them.")
            raise
        results.append(result)
        done += len(batch)
        if on_progress is not None:
            on_progress(done, total)
    return results[0] if len(results) == 1 else splitting.merged(results)


def _batches(splitting: Splitting[I, T], items: list[I]) -> Iterator[list[I]]:
    """The items of each request; one request without items when there are none, for the server to judge."""
    frame = len(encoded(splitting.arguments([])["json"]))
    batch: list[I] = []
    filled = frame
    for index, item in enumerate(items):
        size = len(encoded(splitting.arguments([item])["json"])) - frame
        if frame + size > splitting.max_bytes:
            raise PayloadTooLargeError(
                f"item {index} alone is a body of {frame + size:,} bytes, and the limit is {splitting.max_bytes:,}.",
                advice="Split it; nothing has been sent.",
            )
        if batch and (len(batch) == splitting.max_items or filled + size + 1 > splitting.max_bytes * _SHARE):
            yield batch
            batch, filled = [], frame
        batch.append(item)
        filled += size + 1
    yield batch
