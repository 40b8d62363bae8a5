# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
"""``Kayba`` and ``AsyncKayba``: every operation as a method, with errors that are raised and calls that are tried again."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import httpx

from .client import DEFAULT_TIMEOUT_S, Client
from .runtime.calls import AsyncCalls, Calls

if TYPE_CHECKING:
    from .resources.experiments import AsyncExperimentsResource, ExperimentsResource
    from .resources.insights import AsyncInsightsResource, InsightsResource
    from .resources.integrations import AsyncIntegrationsResource, IntegrationsResource
    from .resources.jobs import AsyncJobsResource, JobsResource
    from .resources.prompts import AsyncPromptsResource, PromptsResource
    from .resources.traces import AsyncTracesResource, TracesResource
    from .resources.tracing import AsyncTracingResource, TracingResource

DEFAULT_MAX_RETRIES = 2


class _Settings:
    def __init__(
        self,
        api_key: str | None = None,
        base_url: str | None = None,
        *,
        timeout: float | httpx.Timeout = DEFAULT_TIMEOUT_S,
        max_retries: int = DEFAULT_MAX_RETRIES,
        headers: Mapping[str, str] | None = None,
        httpx_args: Mapping[str, Any] | None = None,
    ) -> None:
        """Nothing is sent and no connection is opened.

        Args:
            api_key: Sent as a bearer token with every request. Default: ``KAYBA_API_KEY``, else none is sent.
            base_url: The server: its host, or any URL that a Kayba guide gives for it (``…/api``, ``…/api/mlflow``), with
                or without a trailing slash. Default: ``KAYBA_API_URL``, else ``https://use.kayba.ai``.
            timeout: Seconds to wait for a connection, for a free connection, and for each read and write.
            max_retries: How often a call is tried again at most when that is safe and may help; 0 for never.
            headers: Further headers for every request.
            httpx_args: Further arguments for ``httpx.Client`` or ``httpx.AsyncClient``, e.g. ``verify`` or ``limits``.

        Raises:
            ValueError: The URL is not one of an HTTP server, the key cannot be sent in a header, or `max_retries` is
                negative.
        """
        if max_retries < 0:
            raise ValueError(f"max_retries must be 0 or more, not {max_retries}")
        self.client = Client(base_url, api_key=api_key, timeout=timeout, headers=headers, httpx_args=httpx_args)
        self.max_retries = max_retries

    @property
    def base_url(self) -> str:
        """Where the operations' paths start, e.g. ``https://use.kayba.ai/api``."""
        return self.client.base_url

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self.base_url!r})"


class Kayba(_Settings):
    """The Kayba API, for any number of threads.

    Connections are opened when first needed and kept, in one pool. ``with`` and ``close()`` close them.

    Attributes:
        client: The low-level client beneath it, for the functions in ``kayba_api.api``.
        max_retries: How often a call is tried again at most.
    """

    @cached_property
    def traces(self) -> TracesResource:
        """Transcripts of agents, uploaded as files."""
        from .resources.traces import TracesResource

        return TracesResource(self._calls)

    @cached_property
    def insights(self) -> InsightsResource:
        """What was learned from traces, to be accepted or rejected."""
        from .resources.insights import InsightsResource

        return InsightsResource(self._calls)

    @cached_property
    def jobs(self) -> JobsResource:
        """Work that outlives a request."""
        from .resources.jobs import JobsResource

        return JobsResource(self._calls)

    @cached_property
    def prompts(self) -> PromptsResource:
        """Prompts made from accepted insights."""
        from .resources.prompts import PromptsResource

        return PromptsResource(self._calls)

    @cached_property
    def integrations(self) -> IntegrationsResource:
        """Places to pull traces from."""
        from .resources.integrations import IntegrationsResource

        return IntegrationsResource(self._calls)

    @cached_property
    def experiments(self) -> ExperimentsResource:
        """Groups of traces. Experiment `0` is named `Default` and always exists."""
        from .resources.experiments import ExperimentsResource

        return ExperimentsResource(self._calls)

    @cached_property
    def tracing(self) -> TracingResource:
        """Traces as trees of spans."""
        from .resources.tracing import TracingResource

        return TracingResource(self._calls)

    @cached_property
    def _calls(self) -> Calls:
        return Calls(self.client, self.max_retries)

    def close(self) -> None:
        """Close the connections. A later call opens new ones."""
        self.client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


class AsyncKayba(_Settings):
    """The Kayba API, for one event loop.

    Connections are opened when first needed and kept, in one pool. ``async with`` and ``aclose()`` close them.

    Attributes:
        client: The low-level client beneath it, for the functions in ``kayba_api.api``.
        max_retries: How often a call is tried again at most.
    """

    @cached_property
    def traces(self) -> AsyncTracesResource:
        """Transcripts of agents, uploaded as files."""
        from .resources.traces import AsyncTracesResource

        return AsyncTracesResource(self._calls)

    @cached_property
    def insights(self) -> AsyncInsightsResource:
        """What was learned from traces, to be accepted or rejected."""
        from .resources.insights import AsyncInsightsResource

        return AsyncInsightsResource(self._calls)

    @cached_property
    def jobs(self) -> AsyncJobsResource:
        """Work that outlives a request."""
        from .resources.jobs import AsyncJobsResource

        return AsyncJobsResource(self._calls)

    @cached_property
    def prompts(self) -> AsyncPromptsResource:
        """Prompts made from accepted insights."""
        from .resources.prompts import AsyncPromptsResource

        return AsyncPromptsResource(self._calls)

    @cached_property
    def integrations(self) -> AsyncIntegrationsResource:
        """Places to pull traces from."""
        from .resources.integrations import AsyncIntegrationsResource

        return AsyncIntegrationsResource(self._calls)

    @cached_property
    def experiments(self) -> AsyncExperimentsResource:
        """Groups of traces. Experiment `0` is named `Default` and always exists."""
        from .resources.experiments import AsyncExperimentsResource

        return AsyncExperimentsResource(self._calls)

    @cached_property
    def tracing(self) -> AsyncTracingResource:
        """Traces as trees of spans."""
        from .resources.tracing import AsyncTracingResource

        return AsyncTracingResource(self._calls)

    @cached_property
    def _calls(self) -> AsyncCalls:
        return AsyncCalls(self.client, self.max_retries)

    async def aclose(self) -> None:
        """Close the connections. A later call opens new ones."""
        await self.client.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()
