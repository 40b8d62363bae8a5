# /// script
# requires-python = ">=3.11"
# dependencies = ["ace-framework[tracing]"]
# ///
"""ace-tracing without the spool: pending traces are lost when the process is killed, as with the other SDKs."""

import ace.tracing

TRACES = 1.0

traced = ace.tracing.trace


def start(url):
    """Send traces to the sink, without files."""
    ace.tracing.configure(api_key="kb-benchmark", base_url=url, folder="benchmark", spool=False)


def flush():
    """Wait until everything is delivered, and return the counts."""
    return ace.tracing.flush(60)


def count_traces():
    """Return the SDK's counts of delivered, pending and dropped traces, without waiting."""
    delivery = ace.tracing.flush(0)
    return {"delivered": delivery.delivered, "pending": delivery.pending, "dropped": delivery.dropped}
