"""Tracing under its published import path: `from ace.tracing import configure, trace, start_span`."""

try:
    import ace_tracing
except ModuleNotFoundError as error:
    if error.name != "ace_tracing":
        raise
    raise ImportError('Tracing is an extra: pip install "ace-framework[tracing]"') from None

from ace_tracing import *  # noqa: F403 - hands on exactly what ace_tracing calls public

__all__ = ace_tracing.__all__
