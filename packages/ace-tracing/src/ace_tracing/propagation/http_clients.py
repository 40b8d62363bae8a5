"""HTTP clients that tell the services they call which span calls them."""

from __future__ import annotations

from typing import Any, TypeVar

from ace_tracing.propagation.headers import inject

C = TypeVar("C")


def inject_into(client: C) -> C:
    """Let a client `inject` the running span into every request it makes, redirects included.

    The session and the user of the trace go along: use a client of its own for services that are not yours.

    Args:
        client: an `httpx.Client`, an `httpx.AsyncClient` or a `requests.Session`. For requests, adapters that are
            mounted later are not covered.

    Returns:
        The same client.

    Raises:
        TypeError: it is none of these.
    """
    given: Any = client
    if hasattr(given, "event_hooks"):
        hook = _inject_async if hasattr(given, "aclose") else _inject
        if hook not in given.event_hooks["request"]:
            given.event_hooks["request"].append(hook)
    elif hasattr(given, "get_adapter"):
        for prefix, adapter in given.adapters.items():
            if not isinstance(adapter, _InjectingAdapter):
                given.adapters[prefix] = _InjectingAdapter(adapter)
    else:
        raise TypeError(f"{type(client).__qualname__} is neither a client of httpx nor a session of requests")
    return client


def _inject(request: Any) -> None:
    inject(request.headers)


async def _inject_async(request: Any) -> None:
    inject(request.headers)


class _InjectingAdapter:
    """An adapter of requests, with headers: requests has no hook that sees a request before it is sent."""

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
        # Asked while it is unpickled, before it has one.
        if name == "_adapter":
            raise AttributeError(name)
        return getattr(self._adapter, name)
