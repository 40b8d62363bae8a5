# /// script
# requires-python = ">=3.11"
# dependencies = ["ace-framework[tracing]"]
# ///
"""ace-tracing, disabled."""

import ace.tracing

TRACES = 1.0
DELIVERS = False

traced = ace.tracing.trace


def start(url):
    """Configure tracing, then disable it, as a program that traces only at times does."""
    ace.tracing.configure(api_key="kb-benchmark", base_url=url, folder="benchmark")
    ace.tracing.disable()


def flush():
    """Do nothing: there is no delivery."""
