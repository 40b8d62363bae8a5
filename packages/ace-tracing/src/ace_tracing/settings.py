"""Settings: the arguments of `configure`, their environment variables and defaults.

Only this module reads the environment, except for proxies and certificates, which `delivery/http` reads. The checks of
the arguments are in `arguments.py`. The variables of OpenTelemetry, which `otlp_settings.py` explains, count only with
`exporter="otlp"`.

| `configure(...)` | environment              | default                                            |
|------------------|--------------------------|----------------------------------------------------|
| `api_key`        | `KAYBA_API_KEY`          | none: it is required                               |
| `base_url`       | `KAYBA_API_URL`          | `https://use.kayba.ai`                             |
| `exporter`       |                          | `kayba`                                            |
| `endpoint`       | `OTEL_EXPORTER_OTLP_*`   | `http://localhost:4318`                            |
| `headers`        | `OTEL_EXPORTER_OTLP_*`   | none                                               |
| `experiment`     |                          | the service's `Default` experiment                 |
| `folder`         |                          | none: traces are unfiled                           |
| `sample_rate`    |                          | 1.0: every trace is kept                           |
| `remote_parent`  |                          | `auto`: a caller that uses this SDK is followed    |
| `media`          | `KAYBA_MEDIA`            | `attach`: images, audio and files are attachments  |
| `spool`          | `KAYBA_SPOOL_DIR`: where | True, in a folder of the user's, see `spool_home`  |
|                  | `KAYBA_PROXY`            | none, see `delivery/http/proxies.py`               |
|                  | `OTEL_TRACES_SAMPLER`    | not set; with `exporter="otlp"` alone              |
| (all of it)      | `KAYBA_TRACING_DISABLED` | not set; `1`, `true`, `yes`, `on` keep tracing off |
| (the exporter)   | `OTEL_SDK_DISABLED`,     | not set; `true`, or `none`, keeps the OTLP         |
|                  | `OTEL_TRACES_EXPORTER`   | exporter off                                       |
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, cast

from ace_tracing.arguments import ARGUMENTS, DEFAULT_BASE_URL, KAYBA, OTLP, read_argument
from ace_tracing.errors import ConfigurationError
from ace_tracing.otlp_settings import OtlpSettings, is_otlp_off, read_otlp, read_sampling
from ace_tracing.recording.folders import clean_folder
from ace_tracing.recording.sampling import Sampler

if TYPE_CHECKING:
    from ace_tracing.values.media import MediaMode

_DISABLED: Final = ("1", "true", "yes", "on")
_NOT_DISABLED: Final = ("", "0", "false", "no", "off")


@dataclass(frozen=True, slots=True)
class Settings:
    """Resolved arguments of `configure`.

    Attributes:
        api_key: The API key. Empty when no traces are sent to Kayba.
        base_url: The service's address.
        experiment: The name of the experiment of new traces. None for the service's default.
        folder: The folder of new traces. None for unfiled.
        spool: The folder of the spool. None without one.
        show_running_after: The age in seconds from which on a running trace is shown. None shows it at its end.
        otlp: The collector. None when traces are sent to Kayba only.
        exporter: The argument of `configure`.
        endpoint: The argument of `configure`.
        headers: The argument of `configure`.
    """

    api_key: str = field(repr=False)
    base_url: str
    experiment: str | None
    folder: str | None
    spool: str | None = None
    show_running_after: float | None = None
    otlp: OtlpSettings | None = None
    exporter: tuple[str, ...] = (KAYBA,)
    endpoint: str | None = None
    headers: Mapping[str, str] | None = field(default=None, repr=False)

    @property
    def has_kayba(self) -> bool:
        """Whether traces are sent to Kayba."""
        return bool(self.api_key)

    def same_service(self, other: Settings) -> bool:
        """Return whether the destinations and the spool are the same, with any files of certificates."""
        mine, others = self.otlp, other.otlp
        is_same_collector = mine == others or bool(mine and others and mine.differs_in_certificates(others))
        own = (self.api_key, self.base_url, self.spool)
        return is_same_collector and own == (other.api_key, other.base_url, other.spool)


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


def apply_sampling_variables(checked: Mapping[str, Any]) -> dict[str, Any]:
    """Return the checked arguments of `configure` with the sampling of `OTEL_TRACES_SAMPLER`.

    The variable counts for `exporter="otlp"` alone, since Kayba's traces do not depend on it, and only while
    `sample_rate` and `remote_parent` have their defaults. It means head sampling, so failed traces are no exception.

    Raises:
        ConfigurationError: A variable has a wrong value.
    """
    arguments = dict(checked)
    sampling = read_sampling(os.environ) if arguments["exporter"] == (OTLP,) else None
    if sampling is None:
        return arguments
    if arguments["sample_rate"] == 1.0:
        arguments |= {"sample_rate": sampling.rate, "keep_errors": False}
    if arguments["remote_parent"] == "auto":
        arguments["remote_parent"] = "follow" if sampling.follows_parent else "own"
    return arguments


def resolve(
    api_key: str | None = None,
    base_url: str | None = None,
    experiment: str | None = None,
    folder: str | None = None,
    spool: bool = True,
    exporter: tuple[str, ...] = (KAYBA,),
    endpoint: str | None = None,
    headers: Mapping[str, str] | None = None,
    *,
    requires_key: bool = True,
) -> Settings:
    """Complete the checked arguments of `configure` from the environment and the defaults.

    Without a key, that of the result is empty unless `requires_key` is True.

    Raises:
        ConfigurationError: The key is missing, a variable of the environment has a wrong value, or an argument belongs
            to an exporter that is not used.
    """
    _check_exporter(exporter, KAYBA, {"api_key": api_key, "base_url": base_url})
    _check_exporter(exporter, OTLP, {"endpoint": endpoint, "headers": headers})
    _read_variable("proxy")
    otlp = read_otlp(os.environ, endpoint, headers) if OTLP in exporter and not is_otlp_off(os.environ) else None
    key, url = None, DEFAULT_BASE_URL
    if KAYBA in exporter:
        key = api_key or _read_variable("api_key")
        if not key and requires_key:
            raise ConfigurationError(
                "No API key: pass configure(api_key=...) or set the KAYBA_API_KEY environment variable."
            )
        url = base_url or _read_variable("base_url") or DEFAULT_BASE_URL
    home = spool_home() if spool else None
    if KAYBA in exporter and not key:
        # In a capture without a key, nothing is sent anywhere.
        otlp = None
    return Settings(
        key or "",
        url,
        experiment,
        clean_folder(folder),
        home,
        otlp=otlp,
        exporter=exporter,
        endpoint=endpoint,
        headers=headers,
    )


def _check_exporter(exporter: tuple[str, ...], name: str, arguments: Mapping[str, object]) -> None:
    """Raise for an argument of an exporter that is not used.

    Raises:
        ConfigurationError: An argument is given.
    """
    for argument, value in arguments.items():
        if name not in exporter and value is not None:
            raise ConfigurationError(
                f"configure({argument}=...) is an argument of exporter={name!r}, but exporter={exporter[0]!r}: leave "
                f"it out, or give exporter={name!r}."
            )


def media_mode(given: MediaMode | None) -> MediaMode:
    """Return what becomes of media: as given, or by `KAYBA_MEDIA`, or `attach`.

    Raises:
        ConfigurationError: The variable has a wrong value.
    """
    return given or cast("MediaMode | None", _read_variable("media")) or "attach"


def _read_variable(argument: str) -> str | None:
    """Return the value of an argument's environment variable."""
    variable = ARGUMENTS[argument].variable or ""
    value: str | None = read_argument(f"The environment variable {variable}=%s", argument, os.environ.get(variable))
    return value
