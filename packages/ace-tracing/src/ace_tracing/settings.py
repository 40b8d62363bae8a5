"""Settings: the arguments of `configure`, their environment variables and defaults.

Only this module reads the environment, except for proxies and certificates, which `delivery/http` reads. The checks of
the arguments are in `arguments.py`.

| `configure(...)` | environment              | default                                            |
|------------------|--------------------------|----------------------------------------------------|
| `api_key`        | `KAYBA_API_KEY`          | none: it is required                               |
| `base_url`       | `KAYBA_API_URL`          | `https://use.kayba.ai`                             |
| `experiment`     |                          | the service's `Default` experiment                 |
| `folder`         |                          | none: traces are unfiled                           |
| `sample_rate`    |                          | 1.0: every trace is kept                           |
| `remote_parent`  |                          | `auto`: a caller that uses this SDK is followed    |
| `spool`          | `KAYBA_SPOOL_DIR`: where | True, in a folder of the user's, see `spool_home`  |
|                  | `KAYBA_PROXY`            | none, see `delivery/http/proxies.py`               |
| (all of it)      | `KAYBA_TRACING_DISABLED` | not set; `1`, `true`, `yes`, `on` keep tracing off |
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from typing import Final

from ace_tracing.arguments import ARGUMENTS, DEFAULT_BASE_URL, read_argument
from ace_tracing.errors import ConfigurationError
from ace_tracing.recording.folders import clean_folder
from ace_tracing.recording.sampling import Sampler

_DISABLED: Final = ("1", "true", "yes", "on")
_NOT_DISABLED: Final = ("", "0", "false", "no", "off")


@dataclass(frozen=True, slots=True)
class Settings:
    """Resolved arguments of `configure`.

    Attributes:
        api_key: The API key.
        base_url: The service's address.
        experiment: The name of the experiment of new traces. None for the service's default.
        folder: The folder of new traces. None for unfiled.
        spool: The folder of the spool. None without one.
        show_running_after: The age in seconds from which on a running trace is shown. None shows it at its end.
    """

    api_key: str = field(repr=False)
    base_url: str
    experiment: str | None
    folder: str | None
    spool: str | None = None
    show_running_after: float | None = None

    def same_service(self, other: Settings) -> bool:
        """Return whether address, key and spool are the same."""
        return (self.api_key, self.base_url, self.spool) == (other.api_key, other.base_url, other.spool)


def is_disabled() -> bool:
    """Return whether the environment disables tracing for the whole process.

    Raises:
        ConfigurationError: The variable has an unknown value.
    """
    value = os.environ.get("KAYBA_TRACING_DISABLED", "").strip().lower()
    if value not in _DISABLED + _NOT_DISABLED:
        raise ConfigurationError(
            f"The environment variable KAYBA_TRACING_DISABLED={value[:20]!r}: set it to 1 to keep tracing off, or to 0."
        )
    return value in _DISABLED


def spool_home() -> str:
    """Return the folder of the spool: `KAYBA_SPOOL_DIR`, or `kayba/spool` in the system's folder for state.

    The system's folder is `$XDG_STATE_HOME` or `~/.local/state`, on macOS `~/Library/Application Support`, on Windows
    `%LOCALAPPDATA%`.
    """
    configured = os.environ.get("KAYBA_SPOOL_DIR", "").strip()
    if configured:
        path = os.path.expanduser(configured)
        try:
            return os.path.abspath(path)
        except OSError:
            # The current folder is deleted. The spool reports a path that is not absolute, and traces wait in memory.
            return path
    if sys.platform == "win32":
        state = os.environ.get("LOCALAPPDATA") or os.path.expanduser("~\\AppData\\Local")
    elif sys.platform == "darwin":
        state = os.path.expanduser("~/Library/Application Support")
    else:
        state = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    return os.path.join(state, "kayba", "spool")


def create_sampler(rate: float, keep_errors: bool, keep_slower_than: float | None) -> Sampler | None:
    """Return the sampler, or None when the rate keeps every trace."""
    return None if rate == 1.0 else Sampler(rate, keep_errors, keep_slower_than)


def resolve(
    api_key: str | None = None,
    base_url: str | None = None,
    experiment: str | None = None,
    folder: str | None = None,
    spool: bool = True,
    *,
    requires_key: bool = True,
) -> Settings:
    """Complete the checked arguments of `configure` from the environment and the defaults.

    Without a key, that of the result is empty unless `requires_key` is True.

    Raises:
        ConfigurationError: The key is missing, or a variable of the environment has a wrong value.
    """
    key = api_key or _read_variable("api_key")
    if not key and requires_key:
        raise ConfigurationError(
            "No API key: pass configure(api_key=...) or set the KAYBA_API_KEY environment variable."
        )
    _read_variable("proxy")
    url = base_url or _read_variable("base_url") or DEFAULT_BASE_URL
    return Settings(key or "", url, experiment, clean_folder(folder), spool_home() if spool else None)


def _read_variable(argument: str) -> str | None:
    """Return the value of an argument's environment variable."""
    variable = ARGUMENTS[argument].variable or ""
    value: str | None = read_argument(f"The environment variable {variable}=%s", argument, os.environ.get(variable))
    return value
