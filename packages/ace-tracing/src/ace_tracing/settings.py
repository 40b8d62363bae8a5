"""What can be set, and the only reader of the environment.

| `configure(...)` | environment              | default                                            |
|------------------|--------------------------|----------------------------------------------------|
| `api_key`        | `KAYBA_API_KEY`          | none: an error                                     |
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

from ace_tracing.errors import ConfigurationError
from ace_tracing.recording.folders import clean_folder
from ace_tracing.recording.sampling import Sampler

DEFAULT_BASE_URL = "https://use.kayba.ai"


@dataclass(frozen=True, slots=True)
class Settings:
    """Where traces go and how they are filed."""

    api_key: str = field(repr=False)
    base_url: str
    experiment: str | None
    folder: str | None
    spool: str | None = None

    def same_service(self, other: Settings) -> bool:
        """Whether traces go to the same address with the same key, and wait in the same place."""
        return (self.api_key, self.base_url, self.spool) == (other.api_key, other.base_url, other.spool)


def is_disabled() -> bool:
    """Whether the environment keeps tracing off for the whole process."""
    return os.environ.get("KAYBA_TRACING_DISABLED", "").strip().lower() in ("1", "true", "yes", "on")


def spool_home() -> str:
    """The folder in which traces wait to be sent: `KAYBA_SPOOL_DIR`, or `kayba/spool` where the system keeps state.

    That is `$XDG_STATE_HOME` or `~/.local/state`; on macOS `~/Library/Application Support`; on Windows
    `%LOCALAPPDATA%`.
    """
    said = os.environ.get("KAYBA_SPOOL_DIR", "").strip()
    if said:
        return os.path.abspath(os.path.expanduser(said))
    if sys.platform == "win32":
        state = os.environ.get("LOCALAPPDATA") or os.path.expanduser("~\\AppData\\Local")
    elif sys.platform == "darwin":
        state = os.path.expanduser("~/Library/Application Support")
    else:
        state = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    return os.path.join(state, "kayba", "spool")


def sampler_of(rate: float, keep_errors: bool, keep_slower_than: float | None) -> Sampler | None:
    """Check what was said about sampling; None when every trace is kept anyway.

    Raises:
        ConfigurationError: the rate is not between 0 and 1, or the duration is not a number of seconds.
    """
    if not 0.0 <= rate <= 1.0:
        raise ConfigurationError(f"configure(sample_rate={rate!r}): give a share between 0.0 and 1.0.")
    if keep_slower_than is not None and not (isinstance(keep_slower_than, (int, float)) and keep_slower_than >= 0):
        raise ConfigurationError(f"configure(keep_slower_than={keep_slower_than!r}): give a number of seconds.")
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
        ConfigurationError: no key, or a base URL that is not http or https.
    """
    key = (api_key or os.environ.get("KAYBA_API_KEY") or "").strip()
    if not key:
        raise ConfigurationError(
            "No API key: pass configure(api_key=...) or set the KAYBA_API_KEY environment variable."
        )
    if not (key.isascii() and key.isprintable()):
        raise ConfigurationError(
            "The API key has characters that cannot be sent: check configure(api_key=...) or the KAYBA_API_KEY "
            "environment variable for a stray line break or quotation mark."
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
    # Here, to keep the import of the package quick.
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    extras = parts.username or parts.password or parts.query or parts.fragment
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not extras
