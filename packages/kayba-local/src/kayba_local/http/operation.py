"""The interface of a handler: it takes a `Call` and returns a `Reply`.

A handler is a plain function with the behaviour of one operation. Before it runs, the request has been authenticated,
decoded and validated against the contract. Its reply is validated as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Event
from typing import TYPE_CHECKING, Any, TypeAlias

from kayba_local.http.metrics import Metrics

if TYPE_CHECKING:
    from kayba_local.jobs.runner import Runner
    from kayba_local.store.database import Database


@dataclass(frozen=True, slots=True)
class Call:
    """A validated request.

    Attributes:
        db: The server's store.
        jobs: The server's job runner.
        operation: The operationId.
        path: Path parameters by name, percent-decoded.
        query: Query parameters by name, typed as in the contract; arrays are lists. A missing parameter is absent
            unless the contract has a default.
        headers: Request headers; names are in lower case.
        body: Parsed JSON for JSON media types, otherwise the decompressed bytes; None without a body. An operation
            whose handler checks the items of the body gets bytes in both cases.
        media_type: The body's media type without parameters, in lower case; None without a body.
        requires_key: Whether requests must carry a key.
        stopping: Set when the server stops. Replies without an end then end.
        metrics: The server's counts.
    """

    db: Database
    jobs: Runner
    operation: str
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    media_type: str | None = None
    requires_key: bool = False
    stopping: Event = field(default_factory=Event)
    metrics: Metrics = field(default_factory=Metrics)


@dataclass(slots=True)
class Reply:
    """A handler's response.

    Attributes:
        body: A JSON value, or text or bytes with their own `media_type`; None sends no body. An iterator of bytes, also
            an asynchronous one, is sent piece by piece, without the check against the contract.
        status: The HTTP status; the contract must document it for the operation.
        media_type: The Content-Type of the body.
        headers: Further response headers.
    """

    body: Any = None
    status: int = 200
    media_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


Handler: TypeAlias = Callable[[Call], "Reply | dict[str, Any]"]
"""A function that serves an operation. A returned dict is a JSON body with status 200."""
