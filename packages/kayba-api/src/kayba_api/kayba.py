# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
"""The clients `Kayba` and `AsyncKayba`: a method for each operation, typed errors, and retries."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

import httpx

from ._calls import AsyncCalls, Calls
from .bounds import MAX_RESPONSE_BYTES, MAX_RESPONSE_S
from .client import DEFAULT_TIMEOUT_S, Client

if TYPE_CHECKING:
    from .resources.experiments import AsyncExperimentsResource, ExperimentsResource
    from .resources.insights import AsyncInsightsResource, InsightsResource
    from .resources.integrations import AsyncIntegrationsResource, IntegrationsResource
    from .resources.jobs import AsyncJobsResource, JobsResource
    from .resources.prompts import AsyncPromptsResource, PromptsResource
    from .resources.traces import AsyncTracesResource, TracesResource
    from .resources.tracing import AsyncTracingResource, TracingResource

DEFAULT_MAX_RETRIES: Final = 2


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
        max_response_bytes: int = MAX_RESPONSE_BYTES,
        max_response_s: float = MAX_RESPONSE_S,
    ) -> None:
        """Create the client. It sends nothing and opens no connection.

        Args:
            api_key: The API key, sent as a bearer token with every request. Default: `KAYBA_API_KEY`, else no key is
                sent.
            base_url: The server's URL: its host, or a URL from a Kayba guide (`…/api`, `…/api/mlflow`), with or without
                a trailing slash. Default: `KAYBA_API_URL`, else `https://use.kayba.ai`.
            timeout: Seconds for opening a connection, for getting a free one, and for each read and write.
            max_retries: Maximum number of retries of a call, where a retry is safe and may help; 0 disables retries.
            headers: Additional headers for every request.
            httpx_args: Additional arguments of `httpx.Client` or `httpx.AsyncClient`, e.g. `verify` or `limits`.
            max_response_bytes: Size limit of a response, after decompression. A larger one raises an
                `APIConnectionError`.
            max_response_s: Seconds that a request may take until the last byte of its response. A longer one raises an
                `APITimeoutError`.

        Raises:
            ValueError: The URL is not the URL of an HTTP server, the key cannot be sent in a header, `max_retries` is
                negative, or a limit is not positive.
        """
        if max_retries < 0:
            raise ValueError(f"max_retries must be 0 or more, not {max_retries}")
        self.client = Client(
            base_url,
            api_key=api_key,
            timeout=timeout,
            headers=headers,
            httpx_args=httpx_args,
            max_response_bytes=max_response_bytes,
            max_response_s=max_response_s,
        )
        self.max_retries = max_retries

    @property
    def base_url(self) -> str:
        """The URL in front of the operations' paths, e.g. `https://use.kayba.ai/api`."""
        return self.client.base_url

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self.base_url!r})"


class Kayba(_Settings):
    """A client of the Kayba API, for any number of threads.

    Connections are opened on first use and kept in one pool. `close()` and the end of a `with` block close them.

    Attributes:
        client: The low-level client, for the functions in `kayba_api.api`.
        max_retries: Maximum number of retries of a call.
    """

    @cached_property
    def traces(self) -> TracesResource:
        """Transcripts of agents, uploaded as files."""
        from .resources.traces import TracesResource

        return TracesResource(self._calls)

    @cached_property
    def insights(self) -> InsightsResource:
        """Findings in traces, to be accepted or rejected."""
        from .resources.insights import InsightsResource

        return InsightsResource(self._calls)

    @cached_property
    def jobs(self) -> JobsResource:
        """Work that takes longer than one request."""
        from .resources.jobs import JobsResource

        return JobsResource(self._calls)

    @cached_property
    def prompts(self) -> PromptsResource:
        """Prompts made from accepted insights."""
        from .resources.prompts import PromptsResource

        return PromptsResource(self._calls)

    @cached_property
    def integrations(self) -> IntegrationsResource:
        """External services that traces are pulled from."""
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
    """A client of the Kayba API, for one event loop.

    Connections are opened on first use and kept in one pool. `aclose()` and the end of an `async with` block close
    them.

    Attributes:
        client: The low-level client, for the functions in `kayba_api.api`.
        max_retries: Maximum number of retries of a call.
    """

    @cached_property
    def traces(self) -> AsyncTracesResource:
        """Transcripts of agents, uploaded as files."""
        from .resources.traces import AsyncTracesResource

        return AsyncTracesResource(self._calls)

    @cached_property
    def insights(self) -> AsyncInsightsResource:
        """Findings in traces, to be accepted or rejected."""
        from .resources.insights import AsyncInsightsResource

        return AsyncInsightsResource(self._calls)

    @cached_property
    def jobs(self) -> AsyncJobsResource:
        """Work that takes longer than one request."""
        from .resources.jobs import AsyncJobsResource

        return AsyncJobsResource(self._calls)

    @cached_property
    def prompts(self) -> AsyncPromptsResource:
        """Prompts made from accepted insights."""
        from .resources.prompts import AsyncPromptsResource

        return AsyncPromptsResource(self._calls)

    @cached_property
    def integrations(self) -> AsyncIntegrationsResource:
        """External services that traces are pulled from."""
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
