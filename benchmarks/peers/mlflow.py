# /// script
# requires-python = ">=3.11"
# dependencies = ["kayba-tracing==0.9.7", "mlflow==3.17.2"]
# ///
"""The published Kayba SDK, which stands on MLflow."""

import os

# Its queue of 1,000 tasks drops what does not fit: large enough here to deliver everything.
os.environ.setdefault("MLFLOW_ASYNC_TRACE_LOGGING_MAX_QUEUE_SIZE", "10000000")
# Nothing here may leave the machine.
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"

import kayba_tracing
import mlflow

TRACES = 0.025

traced = kayba_tracing.trace


def start(url):
    """Send traces to the sink."""
    kayba_tracing.configure(api_key="kb-benchmark", base_url=url, folder="benchmark")


def flush():
    """Wait until its queue is empty."""
    mlflow.flush_trace_async_logging()
