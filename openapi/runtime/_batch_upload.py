"""Batch uploads: split an upload of any size into requests within the operation's limits."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, Generic, TypeVar

from attrs import frozen

from ._call_steps import CallOptions, CallSteps, Operation, call_with_retries, encode_json
from .errors import KaybaError, PayloadTooLargeError

I = TypeVar("I")  # noqa: E741
T = TypeVar("T")

_MAX_FILL: Final = 0.9
"""Fraction of the byte limit that several items together may fill: a server may count a few bytes more."""


@frozen
class BatchUpload(Generic[I, T]):
    """An operation whose items can be sent in several requests.

    Attributes:
        operation: The operation.
        arguments: Returns the arguments of a request for some of the items.
        merge: Merges the results of several requests into one.
        max_bytes: Maximum size of a body in bytes.
        max_items: Maximum number of items in a request.
    """

    operation: Operation[T]
    arguments: Callable[[list[I]], dict[str, Any]]
    merge: Callable[[list[T]], T]
    max_bytes: int
    max_items: int


def upload_in_batches(
    upload: BatchUpload[I, T],
    items: Iterable[I],
    options: CallOptions,
    max_retries: int,
    on_progress: Callable[[int, int], object] | None,
) -> CallSteps[T]:
    """Send all items in order, in as few requests as the limits allow.

    When the server's limit is lower than the contract's, a request that it rejects with 413 is split in half.

    Args:
        upload: The operation and its limits.
        items: The items to send.
        options: The caller's options for each request.
        max_retries: Maximum number of retries of each request, unless the options set it.
        on_progress: Called after each request with the number of items sent so far and the total.

    Returns:
        One result for all requests.

    Raises:
        PayloadTooLargeError: One item alone is over the limit. If it is over the contract's limit, nothing has been
            sent.
        KaybaError: A request failed. Its `partial_result` is the merged result of the requests before it.
    """
    pending = deque(_split_items(upload, list(items)))
    total, done = sum(len(batch) for batch in pending), 0
    results: list[T] = []
    while pending:
        batch = pending.popleft()
        try:
            result = yield from call_with_retries(upload.operation, upload.arguments(batch), options, max_retries)
        except KaybaError as error:
            if isinstance(error, PayloadTooLargeError) and len(batch) > 1:
                half = len(batch) // 2
                pending.extendleft((batch[half:], batch[:half]))
                continue
            if results:
                error.partial_result = upload.merge(results)
                error.add_note(f"{done} of {total} items were sent before the error; partial_result is their result.")
            raise
        results.append(result)
        done += len(batch)
        if on_progress is not None:
            on_progress(done, total)
    return results[0] if len(results) == 1 else upload.merge(results)


def _split_items(upload: BatchUpload[I, T], items: list[I]) -> Iterator[list[I]]:
    """Yield the items of each request. Without items, yield one empty request, which the server accepts or rejects."""
    empty_size = len(encode_json(upload.arguments([])["json"]))
    batch: list[I] = []
    batch_size = empty_size
    for index, item in enumerate(items):
        size = len(encode_json(upload.arguments([item])["json"])) - empty_size
        if empty_size + size > upload.max_bytes:
            raise PayloadTooLargeError(
                f"item {index} alone makes a body of {empty_size + size:,} bytes; the limit is {upload.max_bytes:,}.",
                advice="Nothing has been sent: split the item.",
            )
        if batch and (len(batch) == upload.max_items or batch_size + size + 1 > upload.max_bytes * _MAX_FILL):
            yield batch
            batch, batch_size = [], empty_size
        batch.append(item)
        batch_size += size + 1
    yield batch
