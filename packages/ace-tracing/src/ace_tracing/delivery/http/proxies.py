"""Proxies: the proxy on the way to one address, from the variables of the environment or the system's settings.

| variable                              | requests                                                                  |
|---------------------------------------|---------------------------------------------------------------------------|
| `KAYBA_PROXY`                         | all requests of this package, also to loopback                            |
| `HTTP_PROXY`, `HTTPS_PROXY`           | requests to an address with this scheme                                   |
| `ALL_PROXY`                           | requests for which no other proxy is set                                  |
| `NO_PROXY`                            | none: hosts with their subdomains, networks, or `*`, separated by commas  |

Lower case counts as well. Without a `KAYBA_PROXY`, requests to loopback are direct.
"""

from __future__ import annotations

import ipaddress
import os
from typing import Final, NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies

VARIABLE: Final = "KAYBA_PROXY"
SCHEMES: Final = ("http", "https", "socks5", "socks5h")
LOCALHOST: Final = "localhost"


class Proxy(NamedTuple):
    """A proxy.

    Attributes:
        parts: Its address, which may contain a user and a password.
        origin: The setting that it comes from, for messages.
    """

    parts: SplitResult
    origin: str

    def __str__(self) -> str:
        return f"the proxy {self.url} of {self.origin}"

    @property
    def url(self) -> str:
        """Its address without user and password."""
        host = self.parts.netloc.rpartition("@")[2]
        return f"{self.parts.scheme}://{host}" if self.parts.scheme else host

    def check(self) -> None:
        """Raise for an address that is not a proxy's.

        Raises:
            ValueError: The scheme is not supported, or there is no host.
        """
        if self.parts.scheme not in SCHEMES or not self.parts.hostname:
            raise ValueError("give an address such as http://proxy:3128 or socks5://proxy:1080, or unset the variable")

    @property
    def user_and_password(self) -> tuple[str, str] | None:
        """Its user and password; None without a user."""
        if self.parts.username is None:
            return None
        return unquote(self.parts.username), unquote(self.parts.password or "")


def find_proxy(address: str) -> Proxy | None:
    """Return the proxy for an http or https address; None for direct connections."""
    target = urlsplit(address.strip())
    explicit = os.environ.get(VARIABLE, "").strip()
    if explicit:
        return _read_proxy(explicit, VARIABLE)
    if is_loopback(target.hostname or ""):
        return None
    proxies = getproxies()
    if any(_covers(entry, target) for entry in proxies.get("no", "").replace(" ", ",").split(",")):
        return None
    for scheme in (target.scheme.lower(), "all"):
        if proxies.get(scheme):
            return _read_proxy(proxies[scheme], _origin(f"{scheme}_proxy"))
    return None


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine: `localhost`, a name below it, or a loopback address."""
    name = host.lower().rstrip(".")
    if name == LOCALHOST or name.endswith(f".{LOCALHOST}"):
        return True
    try:
        ip = ipaddress.ip_address(name)
    except ValueError:
        return False
    ip = getattr(ip, "ipv4_mapped", None) or ip
    return ip.is_loopback or ip.is_unspecified


def _read_proxy(url: str, origin: str) -> Proxy:
    scheme, separator, rest = url.rpartition("://")
    try:
        parts = urlsplit(f"{scheme if separator else 'http'}://{rest}")
        is_valid = "@" not in parts.path + parts.query + parts.fragment
    except ValueError:
        is_valid = False
    if is_valid:
        return Proxy(parts, origin)
    # The requests fail with this address in their message. A password with a slash must not be in it.
    return Proxy(SplitResult("", f"{scheme}{separator}{rest.rpartition('@')[2]}", "", "", ""), origin)


def _origin(variable: str) -> str:
    """Return the spelling of a variable that is set, or the system's settings."""
    return next((name for name in (variable, variable.upper()) if os.environ.get(name)), "the system's settings")


def _covers(entry: str, target: SplitResult) -> bool:
    """Return whether an entry of `NO_PROXY` is the target, one of its parent domains or its network."""
    host, entry = (target.hostname or "").rstrip("."), entry.strip().lower()
    if entry == "*":
        return True
    if not entry:
        return False
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        pass
    name, _, port = entry.rpartition("://")[2].rpartition(":") if entry.count(":") == 1 else (entry, "", "")
    name = name.removeprefix("*").lstrip(".").rstrip(".")
    port_matches = not port or port == str(target.port or {"http": 80, "https": 443}.get(target.scheme))
    return port_matches and (host == name or host.endswith(f".{name}"))
