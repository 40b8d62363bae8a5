"""Instrumentation of libraries: one instrumentor for each, recording into the same traces as `@trace`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from threading import RLock
from typing import Any, Final

from opentelemetry import trace as trace_api

from ace_tracing.diagnostics import internal_error
from ace_tracing.errors import ConfigurationError
from ace_tracing.interrupts import raise_interrupt
from ace_tracing.otel.libraries import FAMILIES, LIBRARIES, Instrumentor, Library, find_libraries, find_major
from ace_tracing.otel.native import SETTINGS
from ace_tracing.otel.provider import tracer_provider
from ace_tracing.otel.report import InstrumentationReport, LibraryInstrumentation

_CONTENT_VARIABLES: Final = {"OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "span_only"}
"""Variables without which the instrumentors of the family `genai` record no inputs and outputs."""

_lock: Final = RLock()
_active: Final[dict[tuple[str, str], Callable[[], object]]] = {}
"""What turns an instrumentor off again, by its package and entry point, or by the library that records itself."""


def instrument(*names: str, prefer: str | None = None, set_global: bool = False) -> InstrumentationReport:
    """Instrument libraries, with opentelemetry-api installed. See `ace_tracing.instrument`."""
    if prefer is not None and prefer not in FAMILIES:
        raise ConfigurationError(f"instrument: prefer={prefer!r} is not one of {', '.join(FAMILIES)}")
    libraries = find_libraries(names)
    with _lock:
        provider = tracer_provider(set_global=set_global)
        results = tuple(_instrument_library(library, prefer, provider) for library in libraries)
        if not names:
            # Web frameworks and HTTP clients are everywhere, and few programs want their spans.
            results = tuple(each for each in results if each.state != "missing" or LIBRARIES[each.library].has_extra)
        conflicts = tuple(_find_conflicts(results))
    return InstrumentationReport(results, conflicts)


def uninstrument(*names: str) -> None:
    """Undo the instrumentation of libraries. See `ace_tracing.uninstrument`."""
    libraries = find_libraries(names) if names else LIBRARIES.values()
    with _lock:
        for key in {_key(library, each) for library in libraries for each in library.instrumentors} & _active.keys():
            stop = _active.pop(key)
            try:
                stop()
            except Exception as error:  # noqa: BLE001 - see diagnostics.guard
                raise_interrupt(error)
                internal_error(f"uninstrumenting {key[0]}")


def _instrument_library(library: Library, prefer: str | None, provider: Any) -> LibraryInstrumentation:
    version = library.version
    if version is None:
        return LibraryInstrumentation(
            library.name, None, "missing", reason=f"it is not installed: pip install {library.distributions[0]}"
        )
    usable = [each for each in library.instrumentors if each.since <= find_major(version)]
    if not usable:
        since = f"{library.name} {version} records no spans itself, version {library.instrumentors[0].since} does"
        return LibraryInstrumentation(library.name, version, "missing", reason=since)
    ordered = sorted(usable, key=lambda each: each.family != prefer)
    chosen = next((each for each in ordered if each.version is not None), None)
    if chosen is None:
        return LibraryInstrumentation(
            library.name, version, "missing", reason=f"it has no instrumentor: pip install {usable[0].package}"
        )
    # An earlier call may have turned another family on, which stays: two would record each call twice.
    active = next((each for each in library.instrumentors if _key(library, each) in _active), None)
    chosen = active or chosen
    facts: dict[str, Any] = {"family": chosen.family}
    if chosen.package:
        facts |= {"package": chosen.package, "package_version": chosen.version}
    if active is not None:
        return LibraryInstrumentation(library.name, version, "instrumented", **facts)
    others = [each.package for each in library.instrumentors if _is_on(each)]
    if others:
        return LibraryInstrumentation(
            library.name, version, "skipped", reason=f"the program has instrumented it with {others[0]} already"
        )
    if chosen.to_global and trace_api.get_tracer_provider() is not provider:
        reason = "it sends its spans to the global provider only: instrument(..., set_global=True)"
        return LibraryInstrumentation(library.name, version, "skipped", reason=reason)
    try:
        stop = _start(chosen, provider)
    except Exception as error:  # noqa: BLE001 - one library must not prevent the others
        raise_interrupt(error)
        reason = f"{type(error).__name__}: {error}"
        return LibraryInstrumentation(library.name, version, "failed", reason=reason, **facts)
    _active[_key(library, chosen)] = stop
    return LibraryInstrumentation(library.name, version, "instrumented", **facts)


def _start(chosen: Instrumentor, provider: Any) -> Callable[[], object]:
    """Turn an instrumentor on, and return what turns it off."""
    if chosen.settings:
        setting = SETTINGS[chosen.settings]
        setting(provider)
        return lambda: setting(None)
    if chosen.to_global:
        return _do_nothing
    if chosen.family == "genai":
        for name, value in _CONTENT_VARIABLES.items():
            os.environ.setdefault(name, value)
    entry_point = chosen.find_entry_point()
    if entry_point is None:
        raise LookupError(f"{chosen.package} has no entry point {chosen.entry_point}")
    instrumentor: Any = entry_point.load()()
    # Without this argument, a wrong version of the library is only logged.
    instrumentor.instrument(tracer_provider=provider, raise_exception_on_conflict=True)
    uninstrument_it: Callable[[], object] = instrumentor.uninstrument
    return uninstrument_it


def _is_on(instrumentor: Instrumentor) -> bool:
    """Return whether the program itself has turned an instrumentor on, without importing it."""
    entry_point = instrumentor.find_entry_point() if instrumentor.package else None
    module = None if entry_point is None else sys.modules.get(entry_point.module)
    if module is None or entry_point is None:
        return False
    try:
        # Instrumentors are singletons.
        return bool(getattr(getattr(module, entry_point.attr)(), "is_instrumented_by_opentelemetry", False))
    except Exception as error:  # noqa: BLE001 - then it is not on
        raise_interrupt(error)
        return False


def _find_conflicts(results: tuple[LibraryInstrumentation, ...]) -> Iterator[str]:
    """Yield what may be recorded twice."""
    has_global = trace_api.get_tracer_provider() is tracer_provider()
    for result in results:
        library = LIBRARIES[result.library]
        installed = [each.package for each in library.instrumentors if each.package and each.version is not None]
        if len(installed) > 1:
            others = ", ".join(package for package in installed if package != result.package)
            yield f"{library.name} has further instrumentors, which are not used: {others}"
        if has_global and library.native_to_global and result.state == "instrumented":
            yield f"{library.name} records spans itself, too, now that there is a global provider"


def _key(library: Library, instrumentor: Instrumentor) -> tuple[str, str]:
    return (instrumentor.package, instrumentor.entry_point) if instrumentor.package else (library.name, "")


def _do_nothing() -> None:
    """Stand for the end of a library's own spans, which follow the global provider."""
