"""Tracing under its published import path: `from ace.tracing import configure, trace, start_span`."""

from typing import TYPE_CHECKING

try:
    import ace_tracing
except ModuleNotFoundError as error:
    if error.name != "ace_tracing":
        raise
    raise ImportError(
        "ace.tracing needs the package ace-tracing, which is not published yet."
        " In a clone of the Kayba SDK: pip install ./packages/kayba-api ./packages/ace-tracing"
    ) from None

__all__ = ace_tracing.__all__

# All public names of ace_tracing, each imported on first use.
if TYPE_CHECKING:
    from ace_tracing import *  # noqa: F403
else:

    def __getattr__(name):
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        # Stored, so that later accesses do not call this function.
        value = globals()[name] = getattr(ace_tracing, name)
        return value

    def __dir__():
        return sorted({*globals(), *__all__})
