"""OTLP settings: collector and resource of `configure(exporter="otlp")`, from arguments and OpenTelemetry's variables.

Of each variable `OTEL_EXPORTER_OTLP_<NAME>`, the form `OTEL_EXPORTER_OTLP_TRACES_<NAME>` wins. An empty variable counts
as not set, as OpenTelemetry's specification requires.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

from ace_tracing.addresses import is_http_url
from ace_tracing.errors import ConfigurationError

DEFAULT_ENDPOINT: Final = "http://localhost:4318"
TRACES_PATH: Final = "/v1/traces"
PROTOBUF: Final = "http/protobuf"
JSON: Final = "http/json"
DEFAULT_TIMEOUT_S: Final = 10.0
MAX_TIMEOUT_S: Final = 100.0
"""A larger number in a variable is in milliseconds, see `_read_timeout`."""
UNKNOWN_SERVICE: Final = "unknown_service:python"

_PREFIX: Final = "OTEL_EXPORTER_OTLP_"
_HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE: Final = re.compile(r"[\x20-\x7e\x80-\xff]*")


@dataclass(frozen=True, slots=True)
class OtlpSettings:
    """The settings of the OTLP destination.

    Attributes:
        url: The address of the requests, with the path.
        headers: Names and values of additional headers. They may contain credentials.
        protocol: `"http/protobuf"` or `"http/json"`.
        has_compression: Whether requests are compressed by gzip.
        timeout_s: The time limit of one attempt, in seconds.
        certificate: The file with the certificates of the trusted authorities. None for the usual ones.
        client_certificate: The file with the client's certificate. None without one.
        client_key: The file with the key of `client_certificate`. None if it is in the same file.
        resource: Names and values of the resource's attributes, without those that this package adds.
    """

    url: str = DEFAULT_ENDPOINT + TRACES_PATH
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    protocol: str = PROTOBUF
    has_compression: bool = False
    timeout_s: float = DEFAULT_TIMEOUT_S
    certificate: str | None = None
    client_certificate: str | None = None
    client_key: str | None = None
    resource: tuple[tuple[str, str], ...] = (("service.name", UNKNOWN_SERVICE),)

    def differs_in_certificates(self, other: OtlpSettings) -> bool:
        """Return whether the settings are equal except for the files of certificates."""
        files = {name: getattr(other, name) for name in ("certificate", "client_certificate", "client_key")}
        return self != other and replace(self, **files) == other


class HeadSampling(NamedTuple):
    """The sampling of `OTEL_TRACES_SAMPLER`.

    Attributes:
        rate: The share of traces to keep.
        follows_parent: Whether the caller's decision replaces the rate.
    """

    rate: float
    follows_parent: bool


def read_otlp(environ: Mapping[str, str], endpoint: str | None, headers: Mapping[str, str] | None) -> OtlpSettings:
    """Return the settings of the OTLP destination.

    Args:
        environ: The environment variables.
        endpoint: The checked argument of `configure`.
        headers: The checked argument of `configure`. It replaces the headers of the variables.

    Raises:
        ConfigurationError: A variable has a wrong value.
    """
    read = _Variables(environ)
    return OtlpSettings(
        _read_url(read, endpoint),
        tuple(sorted((_read_headers(read) if headers is None else headers).items())),
        _read_protocol(read),
        _read_compression(read),
        _read_timeout(read),
        read.either("CERTIFICATE")[1],
        read.either("CLIENT_CERTIFICATE")[1],
        read.either("CLIENT_KEY")[1],
        tuple(_read_resource(read).items()),
    )


def is_otlp_off(environ: Mapping[str, str]) -> bool:
    """Return whether the environment switches the OTLP destination off.

    Raises:
        ConfigurationError: `OTEL_SDK_DISABLED` has an unknown value.
    """
    read = _Variables(environ)
    disabled = (read.one("OTEL_SDK_DISABLED") or "false").lower()
    if disabled not in ("true", "false"):
        raise ConfigurationError(
            f"The environment variable OTEL_SDK_DISABLED={disabled[:20]!r}: set it to true to keep the OTLP exporter "
            f"off, or to false."
        )
    return disabled == "true" or (read.one("OTEL_TRACES_EXPORTER") or "").lower() == "none"


def read_sampling(environ: Mapping[str, str]) -> HeadSampling | None:
    """Return the sampling of `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG`; None when it is not set.

    Raises:
        ConfigurationError: The sampler is unknown, or its argument is not a share.
    """
    read = _Variables(environ)
    sampler = (read.one("OTEL_TRACES_SAMPLER") or "").lower()
    if not sampler:
        return None
    follows_parent = sampler.startswith("parentbased_")
    match sampler.removeprefix("parentbased_"):
        case "always_on":
            return HeadSampling(1.0, follows_parent)
        case "always_off":
            return HeadSampling(0.0, follows_parent)
        case "traceidratio":
            return HeadSampling(_read_ratio(read.one("OTEL_TRACES_SAMPLER_ARG")), follows_parent)
        case _:
            raise ConfigurationError(
                f"The environment variable OTEL_TRACES_SAMPLER={sampler[:40]!r}: give always_on, always_off, "
                f"traceidratio, or one of them after parentbased_; or unset it and pass configure(sample_rate=...)."
            )


def read_headers(value: Any) -> dict[str, str] | None:
    """Return HTTP headers in plain types. None or an empty mapping is no header.

    Raises:
        TypeError: The value is no mapping of text to text.
        ValueError: A name or a value cannot be sent.
    """
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise TypeError
    headers = {}
    for name, text in value.items():
        if not (isinstance(name, str) and isinstance(text, str)):
            raise TypeError
        if not (_HEADER_NAME.fullmatch(name) and _HEADER_VALUE.fullmatch(text)):
            raise ValueError
        headers[str.__str__(name)] = str.__str__(text).strip()
    return headers or None


class _Variables:
    """The variables of OpenTelemetry in an environment."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def one(self, name: str) -> str | None:
        """Return a variable's value; None when it is not set or blank."""
        return self._environ.get(name, "").strip() or None

    def either(self, name: str) -> tuple[str, str | None]:
        """Return the name and value of the exporter's variable for traces, or else of the one for all signals."""
        for variable in (f"{_PREFIX}TRACES_{name}", f"{_PREFIX}{name}"):
            value = self.one(variable)
            if value is not None:
                return variable, value
        return f"{_PREFIX}{name}", None


def _read_url(read: _Variables, endpoint: str | None) -> str:
    if endpoint is not None:
        return _add_path(endpoint)
    exact = read.one(f"{_PREFIX}TRACES_ENDPOINT")
    if exact is not None:
        return _checked_url(f"{_PREFIX}TRACES_ENDPOINT", exact)
    base = read.one(f"{_PREFIX}ENDPOINT")
    if base is not None:
        return f"{_checked_url(f'{_PREFIX}ENDPOINT', base).rstrip('/')}{TRACES_PATH}"
    return DEFAULT_ENDPOINT + TRACES_PATH


def _add_path(endpoint: str) -> str:
    """Return the address for traces below an endpoint, which may be that address already."""
    base = endpoint.rstrip("/")
    return base if base.endswith(TRACES_PATH) else base + TRACES_PATH


def _checked_url(variable: str, url: str) -> str:
    try:
        is_valid = is_http_url(url)
    except ValueError:
        is_valid = False
    if not is_valid:
        shown = url.rpartition("@")[2].partition("?")[0]
        raise ConfigurationError(
            f"The environment variable {variable}={shown[:100]!r}: give a plain http or https address, without "
            f"credentials, query or fragment, such as {DEFAULT_ENDPOINT!r}."
        )
    return url


def _read_protocol(read: _Variables) -> str:
    variable, protocol = read.either("PROTOCOL")
    protocol = (protocol or PROTOBUF).lower()
    if protocol == "grpc":
        raise ConfigurationError(
            f"The environment variable {variable}='grpc': traces are sent over HTTP only. Set it to {PROTOBUF}, and "
            f"the endpoint to the HTTP port of the same collector, which is usually 4318; or send to a collector that "
            f"forwards by gRPC."
        )
    if protocol not in (PROTOBUF, JSON):
        raise ConfigurationError(f"The environment variable {variable}={protocol[:40]!r}: give {PROTOBUF} or {JSON}.")
    return protocol


def _read_compression(read: _Variables) -> bool:
    variable, compression = read.either("COMPRESSION")
    compression = (compression or "none").lower()
    if compression not in ("gzip", "none"):
        raise ConfigurationError(f"The environment variable {variable}={compression[:40]!r}: give gzip or none.")
    return compression == "gzip"


def _read_timeout(read: _Variables) -> float:
    """Return the timeout in seconds.

    OpenTelemetry's specification counts milliseconds, its SDK for Python seconds. A timeout of more than 100 seconds,
    or of less than 100 milliseconds, is in nobody's interest, so the number shows which of the two it is.
    """
    variable, text = read.either("TIMEOUT")
    if text is None:
        return DEFAULT_TIMEOUT_S
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0.0 < number < 1e9:
        raise ConfigurationError(
            f"The environment variable {variable}={text[:40]!r}: give a number of seconds, such as 10, or of "
            f"milliseconds, such as 10000."
        )
    return number if number <= MAX_TIMEOUT_S else min(number / 1000.0, MAX_TIMEOUT_S)


def _read_headers(read: _Variables) -> dict[str, str]:
    variable, text = read.either("HEADERS")
    try:
        return read_headers(_read_pairs(text or "", decode_names=False)) or {}
    except ValueError:
        # The value may contain credentials, so the message does not show it.
        raise ConfigurationError(
            f"The environment variable {variable}: give names and percent-encoded values, such as "
            f"api-key=secret,x-team=agents."
        ) from None


def _read_resource(read: _Variables) -> dict[str, str]:
    text = read.one("OTEL_RESOURCE_ATTRIBUTES") or ""
    try:
        attributes = _read_pairs(text, decode_names=True)
    except ValueError:
        raise ConfigurationError(
            f"The environment variable OTEL_RESOURCE_ATTRIBUTES={text[:100]!r}: give names and percent-encoded values, "
            f"such as service.version=1.2,deployment.environment.name=staging."
        ) from None
    name = read.one("OTEL_SERVICE_NAME") or attributes.pop("service.name", "") or UNKNOWN_SERVICE
    return {**attributes, "service.name": name}


def _read_pairs(text: str, *, decode_names: bool) -> dict[str, str]:
    """Return the pairs of a list `name=value,name=value`, whose values are percent-encoded.

    Raises:
        ValueError: An entry has no name or no `=`.
    """
    # Imported here to keep the import of the package fast.
    from urllib.parse import unquote

    pairs = {}
    for entry in text.split(","):
        if not entry.strip():
            continue
        name, separator, value = entry.partition("=")
        name = name.strip()
        if not separator or not name:
            raise ValueError
        pairs[unquote(name) if decode_names else name] = unquote(value.strip())
    return pairs


def _read_ratio(text: str | None) -> float:
    try:
        ratio = float(text or "1")
    except ValueError:
        ratio = -1.0
    if not 0.0 <= ratio <= 1.0:
        raise ConfigurationError(
            f"The environment variable OTEL_TRACES_SAMPLER_ARG={str(text)[:40]!r}: give a number between 0.0 and 1.0."
        )
    return ratio
