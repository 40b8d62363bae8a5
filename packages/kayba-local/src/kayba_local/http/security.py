"""Who may call: the server's key, where it has one.

Which pages may make a browser call this server: its own only.

A server on a loopback address can be reached by every web page that its user opens. A page elsewhere shows by its
Origin and Sec-Fetch-Site headers; one that had its own name resolve to a loopback address shows by the Host header.
"""

from __future__ import annotations

import base64
import binascii
import re
from hmac import compare_digest

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from kayba_local.http.errors import mount_of, refuse
from kayba_local.http.operation import Problem


def require_bearer(authorization: str | None, key: str | None) -> None:
    """Refuse an API call that does not carry the key; without a configured key any key, or none, will do.

    Raises:
        Problem: 401, saying whether the key was missing or wrong.
    """
    if key is None:
        return
    if not authorization:
        raise _unauthorized("No API key: send it in the header 'Authorization: Bearer <key>'.")
    scheme, _, sent = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise _unauthorized("The Authorization header is not of the form 'Bearer <key>'.")
    if not _same(sent.strip(), key):
        raise _unauthorized("This server does not know that API key.")


def require_basic(authorization: str | None, key: str | None) -> None:
    """Refuse a page to a browser that did not send the key as the password of HTTP Basic; any user name will do.

    Raises:
        Problem: 401, on which a browser asks for the password.
    """
    if key is None:
        return
    scheme, _, credentials = (authorization or "").partition(" ")
    if scheme.lower() != "basic" or not _same(_password(credentials), key):
        headers = {"WWW-Authenticate": 'Basic realm="kayba-local: any user name, the API key as password"'}
        raise Problem(401, None, "These pages ask for the server's API key as the password.", headers)


def _password(credentials: str) -> str:
    try:
        return base64.b64decode(credentials).decode("latin-1").partition(":")[2]
    except (binascii.Error, ValueError):
        return ""


def _same(sent: str, key: str) -> bool:
    # Headers arrive as latin-1 text, one character a byte; compared as bytes, the time tells nothing about the key.
    return compare_digest(sent.encode("latin-1"), key.encode())


def _unauthorized(message: str) -> Problem:
    return Problem(401, None, message, {"WWW-Authenticate": "Bearer"})


_LOOPBACK = re.compile(r"(localhost|127(\.[0-9]{1,3}){3}|\[::1\])(:[0-9]{1,5})?", re.IGNORECASE)
_OWN_SITE = ("same-origin", "none")


class Guard:
    """ASGI middleware that answers 403 to requests that another site made, on every route."""

    def __init__(self, app: ASGIApp, *, loopback_only: bool) -> None:
        self._app = app
        self._loopback_only = loopback_only

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse or pass on one request."""
        if scope["type"] == "http" and (reason := self._reason(Headers(scope=scope))):
            await refuse(mount_of(scope["path"]), Problem(403, None, reason))(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _reason(self, headers: Headers) -> str | None:
        host = headers.get("host", "")
        if self._loopback_only and not _LOOPBACK.fullmatch(host):
            return "The Host header is not a loopback name: this server answers to localhost, 127.0.0.1 and [::1] only."
        origin = headers.get("origin")
        if origin is not None and origin.partition("://")[2].lower() != host.lower():
            return "The Origin header names another site: browsers may call this server from its own pages only."
        if headers.get("sec-fetch-site", "none") not in _OWN_SITE:
            return "The Sec-Fetch-Site header tells of another site: open this address directly."
        return None
