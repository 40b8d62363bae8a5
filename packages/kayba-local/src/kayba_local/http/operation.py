"""What an operation's handler is given and what it answers.

A handler is a plain function. By the time it runs, the request has been authenticated, decoded and validated against
the contract; what it returns is validated too. So handlers hold nothing but behaviour.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from kayba_local.jobs.runner import Runner
    from kayba_local.store.database import Database


@dataclass(frozen=True, slots=True)
class Call:
    """One validated request.

    Attributes:
        db: The store that this server works on.
        jobs: What runs this server's jobs.
        operation: The operationId.
        path: Path parameters by name, percent-decoded.
        query: Query parameters by name, typed by the contract; arrays as lists. Parameters not sent are absent unless
            the contract gives a default.
        headers: Request headers, names in lower case.
        body: Parsed JSON for JSON media types, else the decompressed bytes; None when there is no body.
        media_type: The body's media type without parameters, in lower case; None when there is no body.
    """

    db: Database
    jobs: Runner
    operation: str
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    media_type: str | None = None


@dataclass(slots=True)
class Reply:
    """A handler's answer.

    Attributes:
        body: A JSON-able value, or str or bytes with their own media_type; None sends no body.
        status: The HTTP status; one that the contract documents for the operation.
        media_type: The Content-Type of the body.
        headers: Further response headers.
    """

    body: Any = None
    status: int = 200
    media_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


class Problem(Exception):  # noqa: N818 - HTTP's own word for it (RFC 9457)
    """A request that cannot be served; answered in the error envelope of the operation's mount.

    Attributes:
        status: The HTTP status.
        code: The envelope's code, e.g. ``NOT_FOUND`` (REST) or ``RESOURCE_DOES_NOT_EXIST`` (tracing); None for the
            usual code of that status on the operation's mount.
        message: What was wrong and, where it helps, what to do; shown to the caller.
        headers: Further response headers, e.g. ``Retry-After``.
    """

    def __init__(self, status: int, code: str | None, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers: Mapping[str, str] = headers or {}


Handler: TypeAlias = Callable[[Call], "Reply | dict[str, Any]"]
