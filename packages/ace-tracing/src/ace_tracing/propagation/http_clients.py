"""HTTP clients that send the running span's context: `inject_into` for httpx, httpx2 and requests."""

from __future__ import annotations

from typing import Any, Final, TypeVar

from ace_tracing.propagation.headers import inject

C = TypeVar("C")

_HTTP_LIBRARIES: Final = ("httpx", "httpx2")


def inject_into(client: C) -> C:
    """Let a client `inject` the running span's context into each of its requests, redirects included.

    The headers contain the trace's experiment, session and user. Use a separate client for services of other parties.

    The client of a model provider takes an HTTP client as an argument:
    `OpenAI(http_client=inject_into(httpx.Client()))`, with httpx2 where the provider's library uses it.

    Args:
        client: A `Client` or an `AsyncClient` of httpx or httpx2, or a `requests.Session`. Adapters that are mounted on
            a session later are not covered.

    Returns:
        The same client.

    Raises:
        TypeError: `client` has another type. The message contains the types, and for the client of a model provider the
            line to write.
    """
    untyped: Any = client
    if isinstance(client, type):
        raise TypeError(_describe_rejected(client))
    if hasattr(untyped, "event_hooks"):
        hook = _inject_async if hasattr(untyped, "aclose") else _inject
        if hook not in untyped.event_hooks["request"]:
            untyped.event_hooks["request"].append(hook)
    elif hasattr(untyped, "get_adapter"):
        for prefix, adapter in untyped.adapters.items():
            if not isinstance(adapter, _InjectingAdapter):
                untyped.adapters[prefix] = _InjectingAdapter(adapter)
    else:
        raise TypeError(_describe_rejected(client))
    return client


def _describe_rejected(client: object) -> str:
    """Return the message for a client that `inject_into` does not take."""
    kind = client if isinstance(client, type) else type(client)
    name = kind.__qualname__
    message = f"{name} is neither a client of httpx or httpx2 nor a requests session"
    if client is kind:
        return f"{message}: give an object of the class, not the class"
    inner = getattr(client, "_client", None)
    libraries = [base.__module__.partition(".")[0] for base in type(inner).__mro__]
    library = next((each for each in libraries if each in _HTTP_LIBRARIES), None)
    if library is None:
        return f"{message}: with another client, send the headers that inject({{}}) returns with each request"
    http_client = "AsyncClient" if hasattr(inner, "aclose") else "Client"
    return f"{message}. Write {name}(http_client=inject_into({library}.{http_client}()))"


def _inject(request: Any) -> None:
    inject(request.headers)


async def _inject_async(request: Any) -> None:
    inject(request.headers)


class _InjectingAdapter:
    """A wrapper of a requests adapter that adds headers. requests has no hook that runs before a request is sent."""

    def __init__(self, adapter: Any) -> None:
        self._adapter = adapter

    def send(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Send a prepared request."""
        inject(request.headers)
        return self._adapter.send(request, *args, **kwargs)

    def close(self) -> None:
        """Close the adapter."""
        self._adapter.close()

    def __getattr__(self, name: str) -> Any:
        # Unpickling looks up attributes before `_adapter` is set.
        if name == "_adapter":
            raise AttributeError(name)
        return getattr(self._adapter, name)
