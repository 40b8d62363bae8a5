"""The public functions that instrument libraries: they import the bridge to OpenTelemetry when they are called.

A program without opentelemetry-api can import all public names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ace_tracing.otel.report import InstrumentationReport


def instrument(*names: str, prefer: str | None = None, set_global: bool = False) -> InstrumentationReport:
    """Record the calls of libraries, such as `openai` and `langchain`, in the same traces as `@trace`.

    Each library gets one instrumentor: the preferred one that is installed. One that is instrumented already stays as
    it is. Nothing of a library is imported that was not imported before, except by its instrumentor. It needs
    opentelemetry-api and the instrumentors; the extras `openai`, `langchain` and others of this package install them.
    Call it before or after `configure`.

        report = instrument("openai", "langchain")
        print(report)

    Args:
        *names: The libraries. All that are installed by default.
        prefer: The family whose instrumentors go first: `"openinference"`, `"genai"`, `"openllmetry"`, `"native"` or
            `"opentelemetry"`. By default, each library has its own order. A library that an earlier call has
            instrumented keeps its instrumentor until `uninstrument`.
        set_global: Whether to make this SDK the global tracer provider, for libraries that send their spans to no other
            one. Possible once in a process, and only while there is none. False by default.

    Returns:
        Each library with its instrumentor and version, or the reason why it has none, and conflicts. An instrumentor
        that fails is reported, and the others are not affected.

    Raises:
        ConfigurationError: A name or `prefer` is unknown. The message contains similar ones.
        ImportError: opentelemetry-api is not installed.
    """
    from ace_tracing.otel import instrument as implementation

    return implementation.instrument(*names, prefer=prefer, set_global=set_global)


def uninstrument(*names: str) -> None:
    """Stop recording libraries that `instrument` has instrumented. Other instrumentations stay.

    Args:
        *names: The libraries. All by default.

    Raises:
        ConfigurationError: A name is unknown.
        ImportError: opentelemetry-api is not installed.
    """
    from ace_tracing.otel import instrument as implementation

    implementation.uninstrument(*names)
