"""Queries for traces on the service: `get_trace`, `search_traces` and their asynchronous versions."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from typing import Any, Final, Generic, Literal, TypeAlias, TypeVar

from ace_tracing import runtime
from ace_tracing.clocks import monotonic
from ace_tracing.delivery.http.deadline import time_limit
from ace_tracing.errors import NotFoundError, ServiceTimeoutError
from ace_tracing.reading.arguments import Since, read_count, read_texts, read_timeout, wrong
from ace_tracing.reading.checks import DEFAULT_TIMEOUT_S, MAX_TIMEOUT_S
from ace_tracing.reading.filters import build_filter
from ace_tracing.reading.model import TraceState
from ace_tracing.reading.reader import Reader
from ace_tracing.reading.threads import run_in_thread
from ace_tracing.reading.trace import Trace

DEFAULT_SILENCE_S: Final = 15.0
"""The limit for a response of which no byte arrives, without `timeout=`, in seconds."""
SEND_SHARE: Final = 0.5
"""The share of the time limit that sending the finished traces may take."""

GRACE_S: Final = 2.0
"""The time after the limit in which the thread of an asynchronous read reports the failure."""

Status: TypeAlias = TraceState | Literal["OK", "ERROR", "IN_PROGRESS"]

_TRACE_ID: Final = re.compile(r"(tr-)?([0-9a-f]{32})")

T = TypeVar("T")


def get_trace(trace_id: str, *, timeout: float | None = None) -> Trace:
    """Read one trace. Finished traces of this process are sent first.

    A service that cannot be reached does not delay the read for the sake of the finished traces: they stay pending
    after one failed attempt.

    Args:
        trace_id: The trace's id, such as `span.trace_id`: 32 hex digits, with or without the prefix `tr-`.
        timeout: The limit for the whole read in seconds, including the time to send finished traces, at most half of
            it. By default 60 seconds, and 15 seconds without a byte of a response.

    Raises:
        NotFoundError: The service has no such trace.
        ServiceTimeoutError: The response did not arrive in time. It is a `ServiceError` and a `TimeoutError`.
        ServiceError: The service cannot be reached, or rejects the request.
        ConfigurationError: `configure` was not called, or an argument is wrong.
    """
    return _get_query(trace_id, timeout).run()


def search_traces(
    experiment_names: str | Sequence[str] | None = None,
    filter_string: str | None = None,
    max_results: int = 100,
    order_by: str | Sequence[str] | None = None,
    *,
    folder: str | None = None,
    session_id: str | None = None,
    user_id: str | None = None,
    status: Status | str | None = None,
    since: Since | None = None,
    name: str | None = None,
    timeout: float | None = None,
) -> list[Trace]:
    """Find traces and read them with their spans. Finished traces of this process are sent first.

    All given conditions must be met.

    Args:
        experiment_names: The experiments to search, or one of them. The default is the experiment of `configure`, or
            `Default`.
        filter_string: Conditions joined with `AND`, such as "tags.`release` = '2026-11' AND execution_time_ms > 500".
            A condition tests a tag, metadata, `status`, `name`, `timestamp_ms` or a similar field.
        max_results: The maximum number of traces, across the service's pages.
        order_by: The sort keys, or one of them, such as `"timestamp_ms DESC"`; newest first by default.
        folder: The folder that the traces are filed in, without its subfolders. `""` finds unfiled traces.
        session_id: The conversation that the traces belong to; `""` finds traces without one.
        user_id: The user whom the traces belong to; `""` finds traces without one.
        status: `"OK"`, `"ERROR"` or `"IN_PROGRESS"`, in upper or lower case.
        since: The earliest start, to the millisecond: a datetime (local time when it has no time zone), a timedelta or
            a number of seconds before now, or the seconds since the epoch of `time.time()`.
        name: The traces' name.
        timeout: The limit for the whole search in seconds, including the time to send finished traces, at most half of
            it. By default 60 seconds, and 15 seconds without a byte of a response.

    Raises:
        NotFoundError: The service has no experiment with a given name.
        ServiceTimeoutError: The traces did not arrive in time. It is a `ServiceError` and a `TimeoutError`.
        ServiceError: The service cannot be reached, or rejects the request, for example for an invalid filter.
        ConfigurationError: `configure` was not called, or an argument is wrong.
    """
    query = _search_query(
        experiment_names, filter_string, max_results, order_by, timeout,
        folder=folder, session_id=session_id, user_id=user_id, status=status, since=since, name=name,
    )  # fmt: skip
    return query.run()


async def aget_trace(trace_id: str, *, timeout: float | None = None) -> Trace:
    """Read one trace like `get_trace`, without blocking the event loop.

    The request runs in a thread, which also sends the finished traces. All calls share one set of connections, also
    across event loops. A cancelled read ends at once: neither the loop nor the process waits for its thread.

    Args:
        trace_id: The trace's id: 32 hex digits, with or without the prefix `tr-`.
        timeout: The limit for the whole read in seconds, as in `get_trace`.

    Raises:
        NotFoundError: The service has no such trace.
        ServiceTimeoutError: The response did not arrive in time. It is a `ServiceError` and a `TimeoutError`.
        ServiceError: The service cannot be reached, or rejects the request.
        ConfigurationError: `configure` was not called, or an argument is wrong.
    """
    return await _get_query(trace_id, timeout).run_in_thread()


async def asearch_traces(
    experiment_names: str | Sequence[str] | None = None,
    filter_string: str | None = None,
    max_results: int = 100,
    order_by: str | Sequence[str] | None = None,
    *,
    folder: str | None = None,
    session_id: str | None = None,
    user_id: str | None = None,
    status: Status | str | None = None,
    since: Since | None = None,
    name: str | None = None,
    timeout: float | None = None,
) -> list[Trace]:
    """Find traces like `search_traces`, without blocking the event loop. Runs in a thread, like `aget_trace`.

    Args:
        experiment_names: The experiments to search, or one of them. The default is the experiment of `configure`, or
            `Default`.
        filter_string: Conditions joined with `AND`, in the form of `search_traces`. All traces match by default.
        max_results: The maximum number of traces, across the service's pages.
        order_by: The sort keys, or one of them, such as `"timestamp_ms DESC"`; newest first by default.
        folder: The folder that the traces are filed in, without its subfolders. `""` finds unfiled traces.
        session_id: The conversation that the traces belong to; `""` finds traces without one.
        user_id: The user whom the traces belong to; `""` finds traces without one.
        status: `"OK"`, `"ERROR"` or `"IN_PROGRESS"`, in upper or lower case.
        since: The earliest start, in the forms of `search_traces`.
        name: The traces' name.
        timeout: The limit for the whole search in seconds, as in `search_traces`.

    Raises:
        NotFoundError: The service has no experiment with a given name.
        ServiceTimeoutError: The traces did not arrive in time. It is a `ServiceError` and a `TimeoutError`.
        ServiceError: The service cannot be reached, or rejects the request, for example for an invalid filter.
        ConfigurationError: `configure` was not called, or an argument is wrong.
    """
    query = _search_query(
        experiment_names, filter_string, max_results, order_by, timeout,
        folder=folder, session_id=session_id, user_id=user_id, status=status, since=since, name=name,
    )  # fmt: skip
    return await query.run_in_thread()


def normalize_trace_id(trace_id: str) -> str:
    """Return a trace id with its prefix.

    Raises:
        NotFoundError: `trace_id` does not have the form of a trace id.
        ConfigurationError: `trace_id` is not text.
    """
    if not isinstance(trace_id, str):
        raise wrong("trace_id", trace_id, "give a trace's id as text. The id of a span that is not recorded is None")
    match = _TRACE_ID.fullmatch(trace_id)
    if match is None:
        raise NotFoundError(f"No trace {trace_id!r}: a trace id is `tr-` and 32 hex digits.")
    return f"tr-{match[2]}"


class _Query(Generic[T]):
    """A read with checked arguments.

    Args:
        read: Makes the calls of the service.
        timeout: The limit for the whole read in seconds; None for the default limits.

    Raises:
        ConfigurationError: `configure` was not called, or `timeout` is wrong.
    """

    def __init__(self, read: Callable[[Reader], T], timeout: float | None) -> None:
        self._service = runtime.service()
        self._read = read
        given = read_timeout(timeout)
        self._timeout_s = DEFAULT_TIMEOUT_S if given is None else min(given, MAX_TIMEOUT_S)
        self._silence_s = DEFAULT_SILENCE_S if given is None else self._timeout_s
        self._end = monotonic() + self._timeout_s

    def run(self) -> T:
        """Send the finished traces and read, on this thread."""
        left = self._end - monotonic()
        try:
            with time_limit(left):
                runtime.send_finished(left * SEND_SHARE)
                return self._read(Reader(self._service, self._silence_s))
        except ServiceTimeoutError as error:
            raise self._add_advice(error) from error

    async def run_in_thread(self) -> T:
        """Send the finished traces and read, on a thread."""
        try:
            async with asyncio.timeout(self._timeout_s + GRACE_S):
                return await run_in_thread(self.run)
        except TimeoutError as error:
            if isinstance(error, ServiceTimeoutError):
                raise
            raise self._add_advice(f"No complete response from {self._service.base_url} in time") from error

    def _add_advice(self, failure: object) -> ServiceTimeoutError:
        limit = min(self._timeout_s, max(self._silence_s, monotonic() - self._end + self._timeout_s))
        return ServiceTimeoutError(
            f"{failure} ({limit:.3g} s). Check the address and the service, or give more time, such as "
            f"timeout={2 * self._timeout_s:.3g}."
        )


def _get_query(trace_id: str, timeout: float | None) -> _Query[Trace]:
    full_id = normalize_trace_id(trace_id)
    return _Query(lambda reader: reader.get(full_id), timeout)


def _search_query(
    experiment_names: str | Sequence[str] | None,
    filter_string: str | None,
    max_results: int,
    order_by: str | Sequence[str] | None,
    timeout: float | None,
    **facts: Any,
) -> _Query[list[Trace]]:
    condition = build_filter(filter_string, **facts)
    limit = read_count("max_results", max_results)
    keys = read_texts("order_by", order_by) or ["timestamp_ms DESC"]
    experiments = read_texts("experiment_names", experiment_names)
    if experiments is None and (default := runtime.default_experiment()) is not None:
        experiments = [default]
    return _Query(lambda reader: reader.search(experiments, condition, limit, keys), timeout)
