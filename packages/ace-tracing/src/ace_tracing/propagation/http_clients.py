"""HTTP clients that send the running span's context: `inject_into` for httpx and requests."""

from __future__ import annotations

from typing import Any, TypeVar

from ace_tracing.propagation.headers import inject

C = TypeVar("C")


def inject_into(client: C) -> C:
    """Let a client `inject` the running span's context into each of its requests, redirects included.

    The headers contain the trace's experiment, session and user. Use a separate client for services of other parties.

    Args:
        client: An `httpx.Client`, an `httpx.AsyncClient` or a `requests.Session`. Adapters that are mounted on a
            session later are not covered.

    Returns:
        The same client.

    Raises:
        TypeError: `client` has another type.
    """
    untyped: Any = client
    if hasattr(untyped, "event_hooks"):
        hook = _inject_async if hasattr(untyped, "aclose") else _inject
        if hook not in untyped.event_hooks["request"]:
            untyped.event_hooks["request"].append(hook)
    elif hasattr(untyped, "get_adapter"):
        for prefix, adapter in untyped.adapters.items():
            if not isinstance(adapter, _InjectingAdapter):
                untyped.adapters[prefix] = _InjectingAdapter(adapter)
    else:
        raise TypeError(f"{type(client).__qualname__} is neither an httpx client nor a requests session")
    return client


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
