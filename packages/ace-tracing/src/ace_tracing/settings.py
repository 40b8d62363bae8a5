"""Settings: the arguments of `configure`, their environment variables and defaults.

Only this module reads the environment.

| `configure(...)` | environment              | default                                            |
|------------------|--------------------------|----------------------------------------------------|
| `api_key`        | `KAYBA_API_KEY`          | none: it is required                               |
| `base_url`       | `KAYBA_API_URL`          | `https://use.kayba.ai`                             |
| `experiment`     |                          | the service's `Default` experiment                 |
| `folder`         |                          | none: traces are unfiled                           |
| `sample_rate`    |                          | 1.0: every trace is kept                           |
| `spool`          | `KAYBA_SPOOL_DIR`: where | True, in a folder of the user's, see `spool_home`  |
| (all of it)      | `KAYBA_TRACING_DISABLED` | not set; `1`, `true`, `yes`, `on` keep tracing off |
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from typing import Final

from ace_tracing.errors import ConfigurationError
from ace_tracing.recording.folders import clean_folder
from ace_tracing.recording.sampling import Sampler

DEFAULT_BASE_URL: Final = "https://use.kayba.ai"


@dataclass(frozen=True, slots=True)
class Settings:
    """Resolved arguments of `configure`.

    Attributes:
        api_key: The API key.
        base_url: The service's address.
        experiment: The name of the experiment of new traces. None for the service's default.
        folder: The folder of new traces. None for unfiled.
        spool: The folder of the spool. None without one.
    """

    api_key: str = field(repr=False)
    base_url: str
    experiment: str | None
    folder: str | None
    spool: str | None = None

    def same_service(self, other: Settings) -> bool:
        """Return whether address, key and spool are the same."""
        return (self.api_key, self.base_url, self.spool) == (other.api_key, other.base_url, other.spool)


def is_disabled() -> bool:
    """Return whether the environment disables tracing for the whole process."""
    return os.environ.get("KAYBA_TRACING_DISABLED", "").strip().lower() in ("1", "true", "yes", "on")


def spool_home() -> str:
    """Return the folder of the spool: `KAYBA_SPOOL_DIR`, or `kayba/spool` in the system's folder for state.

    The system's folder is `$XDG_STATE_HOME` or `~/.local/state`, on macOS `~/Library/Application Support`, on Windows
    `%LOCALAPPDATA%`.
    """
    configured = os.environ.get("KAYBA_SPOOL_DIR", "").strip()
    if configured:
        return os.path.abspath(os.path.expanduser(configured))
    if sys.platform == "win32":
        state = os.environ.get("LOCALAPPDATA") or os.path.expanduser("~\\AppData\\Local")
    elif sys.platform == "darwin":
        state = os.path.expanduser("~/Library/Application Support")
    else:
        state = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    return os.path.join(state, "kayba", "spool")


def create_sampler(rate: float, keep_errors: bool, keep_slower_than: float | None) -> Sampler | None:
    """Check the sampling arguments, and return the sampler, or None when the rate keeps every trace.

    Raises:
        ConfigurationError: The rate is not between 0 and 1, or the duration is not a number of seconds.
    """
    if not 0.0 <= rate <= 1.0:
        raise ConfigurationError(f"configure(sample_rate={rate!r}): set a number between 0.0 and 1.0.")
    if keep_slower_than is not None and not (isinstance(keep_slower_than, (int, float)) and keep_slower_than >= 0):
        raise ConfigurationError(f"configure(keep_slower_than={keep_slower_than!r}): set a number of seconds.")
    return None if rate == 1.0 else Sampler(rate, keep_errors, keep_slower_than)


def resolve(
    api_key: str | None = None,
    base_url: str | None = None,
    experiment: str | None = None,
    folder: str | None = None,
    spool: bool = True,
) -> Settings:
    """Complete the arguments of `configure` from the environment and the defaults.

    Raises:
        ConfigurationError: The key is missing or invalid, or the base URL is not a plain http(s) address.
    """
    key = (api_key or os.environ.get("KAYBA_API_KEY") or "").strip()
    if not key:
        raise ConfigurationError(
            "No API key: pass configure(api_key=...) or set the KAYBA_API_KEY environment variable."
        )
    if not (key.isascii() and key.isprintable()):
        raise ConfigurationError(
            "The API key contains invalid characters: check configure(api_key=...) or the KAYBA_API_KEY environment "
            "variable for a line break or a typographic quotation mark."
        )
    url = (base_url or os.environ.get("KAYBA_API_URL") or DEFAULT_BASE_URL).strip()
    if not _is_http_url(url):
        shown = url.rpartition("@")[2]
        raise ConfigurationError(
            f"The base URL {shown!r} is not a plain http(s) address: pass configure(base_url=...) or set the "
            f"KAYBA_API_URL environment variable to something like {DEFAULT_BASE_URL}."
        )
    return Settings(key, url, experiment or None, clean_folder(folder), spool_home() if spool else None)


def _is_http_url(url: str) -> bool:
    # Imported here to keep the import of the package fast.
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    extras = parts.username or parts.password or parts.query or parts.fragment
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not extras
