"""Who may call: the server's key, where it has one."""

from __future__ import annotations

import base64
import binascii
from hmac import compare_digest

from kayba_local.calls import Problem


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
