"""Which pages may make a browser call this server: its own only.

A server on a loopback address can be reached by every web page that its user opens. A page elsewhere shows by its
Origin and Sec-Fetch-Site headers; one that had its own name resolve to a loopback address shows by the Host header.
"""

from __future__ import annotations

import re

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from kayba_local.calls import Problem
from kayba_local.errors import mount_of, refuse

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
