"""Tracing under its published import path: `from ace.tracing import configure, trace, start_span`."""

from typing import TYPE_CHECKING

try:
    import ace_tracing
except ModuleNotFoundError as error:
    if error.name != "ace_tracing":
        raise
    raise ImportError('Tracing is an extra: pip install "ace-framework[tracing]"') from None

__all__ = ace_tracing.__all__

# Exactly what ace_tracing calls public; and, as there, only what is used is imported.
if TYPE_CHECKING:
    from ace_tracing import *  # noqa: F403
else:

    def __getattr__(name):
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        # Kept, so that it is looked up here once.
        value = globals()[name] = getattr(ace_tracing, name)
        return value

    def __dir__():
        return sorted({*globals(), *__all__})
