"""Attachments on a real MLflow server: stored as artifacts of their traces, and read by MLflow's own code."""

from __future__ import annotations

import base64
import random
from typing import Final

import httpx
import pytest
from mlflow.tracing.attachments import Attachment
from tests.helpers.interop.mlflow_server import MlflowServer

import ace_tracing
from ace_tracing import search_traces, start_span

PNG: Final = b"\x89PNG\r\n\x1a\n" + random.Random(1).randbytes(2_000_000)
URI: Final = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"


@pytest.mark.interop("Inputs and outputs")
def test_mlflow_serves_the_attachment_that_a_span_refers_to(configured_mlflow: MlflowServer) -> None:
    with start_span("look") as span:
        span.set_inputs({"question": "What is this?", "image_url": {"url": URI}})
        span.set_outputs("a cat")
    (stored,) = search_traces()
    (read,) = stored.data.spans
    assert read.inputs["question"] == "What is this?"
    reference = read.inputs["image_url"]["url"]
    parsed = Attachment.parse_ref(reference)
    assert parsed is not None
    assert parsed["content_type"] == "image/png"
    assert parsed["size"] == len(PNG)
    assert parsed["trace_id"] == stored.trace_id
    # The request of MLflow's own page.
    query = {"request_id": parsed["trace_id"], "path": parsed["attachment_id"]}
    response = httpx.get(f"{configured_mlflow.tracking_uri}/ajax-api/3.0/mlflow/get-trace-artifact", params=query)
    assert response.status_code == 200, response.text
    assert response.content == PNG
    (attachment,) = read.attachments
    assert attachment.read() == PNG


@pytest.mark.interop("Inputs and outputs")
def test_no_span_with_an_image_is_lost(configured_mlflow: MlflowServer) -> None:
    for _ in range(3):
        with start_span("agent"), start_span("look") as span:
            span.set_inputs({"image": URI})
    delivery = ace_tracing.flush()
    assert (delivery.delivered, delivery.dropped) == (3, 0)
    for trace in search_traces():
        (look,) = trace.find("look")
        assert look.attachments[0].read() == PNG
