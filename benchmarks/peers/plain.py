# /// script
# requires-python = ">=3.11"
# dependencies = []
# ///
"""The same functions, not traced: the floor."""

TRACES = 1.0
DELIVERS = False


def start(url):
    """Nothing to set up."""


def traced(function):
    """The function itself."""
    return function


def flush():
    """Nothing to wait for."""
