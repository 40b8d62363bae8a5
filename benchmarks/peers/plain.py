# /// script
# requires-python = ">=3.11"
# dependencies = []
# ///
"""The same functions without tracing, as the baseline."""

TRACES = 1.0
DELIVERS = False


def start(url):
    """Do nothing: there is no SDK."""


def traced(function):
    """Return the function unchanged."""
    return function


def flush():
    """Do nothing: there is no delivery."""
