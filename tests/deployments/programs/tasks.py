"""Celery tasks that trace. The broker is a folder, BROKER."""

from __future__ import annotations

import os
import time

from celery import Celery
from celery.exceptions import SoftTimeLimitExceeded
from common import configure_tracing

from ace_tracing import start_span, trace

configure_tracing()
folder = os.environ["BROKER"]
app = Celery(
    "tasks",
    broker="filesystem://",
    backend=f"file://{folder}",
    broker_transport_options={
        "data_folder_in": folder,
        "data_folder_out": folder,
        "control_folder": f"{folder}.control",
        "polling_interval": 0.01,
    },
)


@app.task
@trace(name="task")
def add(first: int, second: int) -> int:
    """Return the sum, with a step of its own span."""
    with start_span("step"):
        return first + second


@app.task(soft_time_limit=1)
@trace(name="slow")
def wait() -> str:
    """Wait until the soft time limit."""
    try:
        while True:
            with start_span("turn"):
                time.sleep(0.01)
    except SoftTimeLimitExceeded:
        return "limited"
