# /// script
# requires-python = ">=3.11"
# dependencies = ["ace-framework[tracing]"]
# ///
"""Ours without its spool: what waits is lost when the process is killed, as it is with the others."""

import ace.tracing

TRACES = 1.0

traced = ace.tracing.trace


def start(url):
    """Trace to the sink, and keep no files."""
    ace.tracing.configure(api_key="kb-benchmark", base_url=url, folder="benchmark", spool=False)


def flush():
    """Wait until everything is delivered; gives what became of it."""
    return ace.tracing.flush(60)


def told():
    """How many traces ours says are delivered, pending and dropped, without waiting."""
    delivery = ace.tracing.flush(0)
    return {"delivered": delivery.delivered, "pending": delivery.pending, "dropped": delivery.dropped}
