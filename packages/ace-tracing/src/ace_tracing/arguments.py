"""Arguments: the check of each argument of `configure` and of the functions that control tracing.

A new argument needs a row in `ARGUMENTS`. A reader returns the value in its plain type, and raises any exception for a
wrong one.
"""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from numbers import Real
from typing import Any, Final, NamedTuple

from ace_tracing.addresses import is_host, is_http_url
from ace_tracing.errors import ConfigurationError
from ace_tracing.otlp_settings import DEFAULT_ENDPOINT, read_headers
from ace_tracing.recording.frames import CONTROL_CHARACTERS, MAX_EXPERIMENT_CHARS
from ace_tracing.recording.prices import read_prices
from ace_tracing.values.media import MODES

DEFAULT_BASE_URL: Final = "https://use.kayba.ai"
KEY_PREFIX: Final = "kb-"

KAYBA: Final = "kayba"
OTLP: Final = "otlp"
EXPORTERS: Final = (KAYBA, OTLP)

REMOTE_PARENTS: Final = ("auto", "follow", "own", "ignore")

_MAX_SHOWN_CHARS: Final = 100
_QUOTATION_MARKS: Final = frozenset("\"'`")


class Argument(NamedTuple):
    """One argument.

    Attributes:
        read: Returns the value in its plain type. Raises an exception for a wrong value.
        advice: A main clause with the correct values, for the error message.
        variable: The environment variable with the same meaning.
        is_secret: Whether the error message must not contain the value.
    """

    read: Callable[[Any], Any]
    advice: str
    variable: str | None = None
    is_secret: bool = False


def read_arguments(function: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return all arguments of a call in their plain types.

    Args:
        function: The called function, for the error message.
        given: The arguments by name. Each has a row in `ARGUMENTS`.

    Raises:
        ConfigurationError: An argument is wrong. The message contains it and the correct values.
    """
    return {name: read_argument(f"{function}({name}=%s)", name, value) for name, value in given.items()}


def read_argument(place: str, name: str, value: object) -> Any:
    """Return one argument in its plain type.

    Args:
        place: The origin of the value, for the error message, with `%s` for the value.
        name: The argument's name in `ARGUMENTS`.
        value: The value.

    Raises:
        ConfigurationError: The value is wrong.
    """
    argument = ARGUMENTS[name]
    try:
        return argument.read(value)
    except Exception:  # noqa: BLE001 - the value may be any object, and its methods may raise anything
        shown = place.replace("%s", _hide(value) if argument.is_secret else _show(value))
        variable = argument.variable
        elsewhere = f" (or in the environment variable {variable})" if variable and variable not in place else ""
        # The cause is left out: a check of this module says nothing more, and another error may contain the value.
        raise ConfigurationError(f"{shown}: {argument.advice}{elsewhere}.") from None


def _show(value: object) -> str:
    """Return a value for an error message. No code of the value runs, and parts that may be secret are left out."""
    if isinstance(value, str):
        if value.lstrip("\"' ").startswith(KEY_PREFIX):
            return f"'{KEY_PREFIX}...'"
        # Credentials stand before the last @, tokens in the query.
        text = str.__str__(value).rpartition("@")[2].partition("?")[0]
        return repr(text if len(text) <= _MAX_SHOWN_CHARS else f"{text[:_MAX_SHOWN_CHARS]}...")
    if value is None or type(value) in (bool, int, float):
        return repr(value)[:_MAX_SHOWN_CHARS]
    return f"<{type(value).__name__}>"


def _hide(value: object) -> str:
    return "..." if isinstance(value, str) else f"<{type(value).__name__}>"


def read_number(value: object) -> float:
    """Return a number as a float. A bool is no number; numbers of numpy are.

    Raises:
        TypeError: The value is no number.
        ValueError: The value is not a number in the sense of IEEE 754.
    """
    if isinstance(value, bool) or not isinstance(value, (Real, Decimal)):
        raise TypeError
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if math.isnan(number):
        raise ValueError
    return number


def read_text(value: object) -> str | None:
    """Return text as a plain `str`. An empty or blank one counts as None.

    Raises:
        TypeError: The value is neither text nor None.
        ValueError: The text contains control characters, or characters that cannot be encoded.
    """
    if value is None:
        return None
    if not isinstance(value, str):
        raise TypeError
    text = str.__str__(value)
    text.encode()
    if re.search(CONTROL_CHARACTERS, text.strip()):
        raise ValueError
    return text if text.strip() else None


def _read_key(value: object) -> str | None:
    key = (read_text(value) or "").strip()
    if not (key.isascii() and key.isprintable()) or " " in key or _QUOTATION_MARKS & set(key):
        raise ValueError
    return key or None


def _read_url(value: object) -> str | None:
    url = (read_text(value) or "").strip()
    if url and not is_http_url(url):
        raise ValueError
    return url or None


def _read_proxy(value: object) -> str | None:
    from urllib.parse import urlsplit

    url = (read_text(value) or "").strip()
    if not url:
        return None
    parts = urlsplit(url if "://" in url else f"http://{url}")
    if parts.scheme not in ("http", "https", "socks5", "socks5h") or not is_host(parts.hostname or ""):
        raise ValueError
    _ = parts.port
    return url


def _read_experiment(value: object) -> str | None:
    experiment = read_text(value)
    if experiment is not None and len(experiment) > MAX_EXPERIMENT_CHARS:
        raise ValueError
    return experiment


def _read_folder(value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise TypeError
    # Every text is a folder: the service's rules for its characters are applied to it.
    return None if value is None else str.__str__(value)


def _read_rate(value: object) -> float:
    rate = read_number(value)
    if not 0.0 <= rate <= 1.0:
        raise ValueError
    return rate


def _read_duration(value: object) -> float | None:
    if value is None:
        return None
    seconds = read_number(value)
    if not 0.0 <= seconds < math.inf:
        raise ValueError
    return seconds


def _read_bool(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _read_remote_parent(value: object) -> str:
    mode = read_text(value)
    if mode is None or mode not in REMOTE_PARENTS:
        raise ValueError
    return mode


def _read_exporters(value: Any) -> tuple[str, ...]:
    names = (value,) if isinstance(value, str) else value
    if not isinstance(names, (tuple, list)):
        raise TypeError
    read = tuple(str.__str__(name) for name in names if isinstance(name, str))
    if len(read) < len(names) or not read or len({*read}) < len(read) or not {*read} <= {*EXPORTERS}:
        raise ValueError
    return tuple(name for name in EXPORTERS if name in read)


def _read_media(value: object) -> str | None:
    mode = read_text(value)
    if mode is not None and mode not in MODES:
        raise ValueError
    return mode


def _read_mask(value: Any) -> Any:
    if value is None:
        return None
    call = value if inspect.isroutine(value) else getattr(value, "__call__", None)  # noqa: B004 - a coroutine function?
    if not callable(value) or any(
        check(function)
        for check in (inspect.iscoroutinefunction, inspect.isgeneratorfunction, inspect.isasyncgenfunction)
        for function in (value, call)
    ):
        raise TypeError
    try:
        signature = inspect.signature(value)
    except (TypeError, ValueError):
        # Some callables that are written in C have no signature.
        return value
    signature.bind(None)
    return value


_TRUE_OR_FALSE: Final = "give True or False"
_SECONDS: Final = "give a number of seconds, such as 2.5"

ARGUMENTS: Final[Mapping[str, Argument]] = {
    "api_key": Argument(
        _read_key,
        "give the API key as text, without spaces, line breaks or quotation marks in it",
        "KAYBA_API_KEY",
        is_secret=True,
    ),
    "base_url": Argument(
        _read_url,
        f"give a plain http or https address, without credentials, query or fragment, such as {DEFAULT_BASE_URL!r}",
        "KAYBA_API_URL",
    ),
    "exporter": Argument(_read_exporters, "give 'kayba', 'otlp', or ('kayba', 'otlp') for both"),
    "endpoint": Argument(
        _read_url,
        "give the http or https address of a collector, without credentials, query or fragment, such as "
        f"{DEFAULT_ENDPOINT!r}",
        "OTEL_EXPORTER_OTLP_ENDPOINT",
    ),
    "headers": Argument(
        read_headers,
        "give a dict of the names and values of HTTP headers, such as {'api-key': '...'}",
        "OTEL_EXPORTER_OTLP_HEADERS",
        is_secret=True,
    ),
    "experiment": Argument(
        _read_experiment,
        f"give the experiment's name as text of at most {MAX_EXPERIMENT_CHARS} characters, without control characters",
    ),
    "folder": Argument(_read_folder, "give the folder as text, such as 'production', or None"),
    "sample_rate": Argument(_read_rate, "give a number between 0.0 and 1.0, such as 0.1"),
    "keep_errors": Argument(_read_bool, _TRUE_OR_FALSE),
    "keep_slower_than": Argument(_read_duration, f"{_SECONDS}, or None"),
    "remote_parent": Argument(_read_remote_parent, f"give one of {', '.join(map(repr, REMOTE_PARENTS))}"),
    "show_running_after": Argument(_read_duration, f"{_SECONDS}, or None"),
    "media": Argument(_read_media, f"give one of {', '.join(map(repr, MODES))}, or None", "KAYBA_MEDIA"),
    "mask": Argument(_read_mask, "give a plain function that takes one value and returns the value to record, or None"),
    "prices": Argument(
        read_prices,
        "give US dollars per million tokens by model, such as {'my-model': {'input': 1.5, 'output': 6}}, or False for "
        "no costs",
    ),
    "spool": Argument(_read_bool, f"{_TRUE_OR_FALSE}. The environment variable KAYBA_SPOOL_DIR sets the folder"),
    "proxy": Argument(
        _read_proxy,
        "give the address of a proxy, such as 'http://localhost:3128' or 'socks5://localhost:1080'",
        "KAYBA_PROXY",
    ),
    "timeout": Argument(read_number, _SECONDS),
}
"""The arguments by name, of all functions."""
