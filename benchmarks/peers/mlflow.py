# /// script
# requires-python = ">=3.11"
# dependencies = ["kayba-tracing==0.9.7", "mlflow==3.17.2"]
# ///
"""The published Kayba SDK, which is based on MLflow."""

import os

# MLflow's queue of 1,000 tasks drops traces when it is full. This size is enough for all traces.
os.environ.setdefault("MLFLOW_ASYNC_TRACE_LOGGING_MAX_QUEUE_SIZE", "10000000")
# Telemetry would leave the machine.
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
