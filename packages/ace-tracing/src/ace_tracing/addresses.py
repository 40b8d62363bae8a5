"""Addresses: the checks of http addresses and hosts that users give."""

from __future__ import annotations

import re
from typing import Final

_HOST_NAME: Final = re.compile(r"(?=.{1,253}\Z)([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)*"
                               r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.?")  # fmt: skip


def is_http_url(url: str) -> bool:
    """Return whether a text is a plain http or https address, without credentials, query and fragment.

    Raises:
        ValueError: It is no address at all.
    """
    # Imported here to keep the import of the package fast.
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or parts.port == 0 or not is_host(parts.hostname or ""):
        return False
    if "@" in parts.netloc or parts.query or parts.fragment or url.endswith(("?", "#")):
        return False
    # A space or a backslash comes from a mistyped address, `//` from one that was pasted twice.
    return not any(character.isspace() or character == "\\" for character in url) and "//" not in parts.path


def is_host(host: str) -> bool:
    """Return whether a text is the name or the address of a host.

    Raises:
        ValueError: It cannot be one.
    """
    import ipaddress

    if ":" in host:
        return bool(ipaddress.IPv6Address(host))
    if host.replace(".", "").isdecimal():
        return bool(ipaddress.IPv4Address(host))
    if not host.isascii() or "xn--" in host.lower():
        # A dependency of httpx. Encoding a decoded name raises for one that no request can be sent to.
        import idna

        host = idna.encode(idna.decode(host)).decode()
    return _HOST_NAME.fullmatch(host) is not None
