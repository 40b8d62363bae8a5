"""Access control: the API key of a request, and the rejection of requests from other sites.

Every web page that a user opens can reach a server on a loopback address. The `Origin` and `Sec-Fetch-Site` headers
reveal a page of another site. The `Host` header reveals a foreign name that resolves to a loopback address (DNS
rebinding).
"""

from __future__ import annotations

import base64
import binascii
import re
from hmac import compare_digest
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from kayba_local.http.errors import Problem
from kayba_local.http.otlp_status import reject

_LOOPBACK: Final = re.compile(r"(localhost|127(\.[0-9]{1,3}){3}|\[::1\])(:[0-9]{1,5})?", re.IGNORECASE)
_ALLOWED_FETCH_SITES: Final = ("same-origin", "none")


def require_bearer(authorization: str | None, key: str | None) -> None:
    """Check the API key of an API request.

    Args:
        authorization: The Authorization header.
        key: The server's key. None accepts every request, with or without a key.

    Raises:
        Problem: 401; the key is missing or wrong, or the header has another form.
    """
    if key is None:
        return
    if not authorization:
        raise _unauthorized("No API key: send it in the header 'Authorization: Bearer <key>'.")
    scheme, _, sent = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise _unauthorized("The Authorization header is not of the form 'Bearer <key>'.")
    if not _is_same(sent.strip(), key):
        raise _unauthorized("The API key is wrong.")


def require_basic(authorization: str | None, key: str | None) -> None:
    """Check the API key of a page request: the password of HTTP Basic, with any user name.

    Args:
        authorization: The Authorization header.
        key: The server's key. None accepts every request.

    Raises:
        Problem: 401; a browser then prompts for the password.
    """
    if key is None:
        return
    scheme, _, credentials = (authorization or "").partition(" ")
    if scheme.lower() != "basic" or not _is_same(_password_of(credentials), key):
        headers = {"WWW-Authenticate": 'Basic realm="kayba-local: any user name, the API key as password"'}
        raise Problem(401, None, "Sign in with the server's API key as the password and any user name.", headers)


class SameOriginMiddleware:
    """ASGI middleware that rejects requests from other sites with 403, on every route."""

    def __init__(self, app: ASGIApp, *, loopback_only: bool) -> None:
        self._app = app
        self._loopback_only = loopback_only

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Reject or forward a request."""
        if scope["type"] == "http" and (reason := self._rejection(Headers(scope=scope))):
            await reject(scope, Problem(403, None, reason))(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _rejection(self, headers: Headers) -> str | None:
        host = headers.get("host", "")
        if self._loopback_only and not _LOOPBACK.fullmatch(host):
            return "The Host header is not a loopback name: use localhost, 127.0.0.1 or [::1]."
        origin = headers.get("origin")
        if origin is not None and origin.partition("://")[2].lower() != host.lower():
            return "The Origin header names another site: browsers may call this server from its own pages only."
        if headers.get("sec-fetch-site", "none") not in _ALLOWED_FETCH_SITES:
            return "The Sec-Fetch-Site header names another site: open this address directly."
        return None


def _password_of(credentials: str) -> str:
    try:
        return base64.b64decode(credentials).decode("latin-1").partition(":")[2]
    except (binascii.Error, ValueError):
        return ""


def _is_same(sent: str, key: str) -> bool:
    # Headers arrive as latin-1 text, one character a byte. Comparing bytes in constant time reveals nothing of the key.
    return compare_digest(sent.encode("latin-1"), key.encode())


def _unauthorized(message: str) -> Problem:
    return Problem(401, None, message, {"WWW-Authenticate": "Bearer"})
