"""A server with objects that are created on first use, and the operations of the contract."""

from __future__ import annotations

import importlib
import json
import re
import time
import uuid
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any, Self

import yaml

from kayba_api import Client, EncodedBody
from kayba_api.api.experiments import create_experiment
from kayba_api.api.insights import generate_insights
from kayba_api.api.jobs import get_job
from kayba_api.api.prompts import generate_prompt
from kayba_api.api.traces import upload_trace_files
from kayba_api.api.tracing import create_trace_info, export_traces, upload_trace_artifact
from kayba_api.models import (
    CreatedExperiment,
    CreateExperimentRequest,
    CreateTraceInfoRequest,
    ExportTraceServiceRequest,
    GeneratedPrompt,
    GenerateInsightsRequest,
    GeneratePromptRequest,
    Job,
    NewTraceFile,
    StartedJob,
    UploadTraceFilesRequest,
    UploadTraceFilesResult,
)
from kayba_local import LocalServer
from kayba_local.store import insights, jobs

PLAIN = {"verify": False}
"""Arguments of httpx: loopback is not encrypted, and loading certificates takes most of a test's time."""


@dataclass(frozen=True)
class Operation:
    """An operation of the contract, and the generated module that calls it.

    Attributes:
        id: The operationId.
        module: The module in `kayba_api.api`.
        statuses: The documented statuses.
        body_cap: Maximum size of the body in bytes; None without a body.
    """

    id: str
    module: ModuleType
    statuses: frozenset[int]
    body_cap: int | None


def read_operations() -> Mapping[str, Operation]:
    """Return the operations of the contract by operationId."""
    contract = yaml.safe_load((Path(__file__).parents[3] / "openapi" / "kayba.yaml").read_text(encoding="utf-8"))
    nodes = [node for item in contract["paths"].values() for node in item.values() if "operationId" in node]
    return {node["operationId"]: _operation(node) for node in nodes}


def _operation(node: Mapping[str, Any]) -> Operation:
    module = re.sub("([A-Z])", r"_\1", node["operationId"]).lower()
    return Operation(
        id=node["operationId"],
        module=importlib.import_module(f"kayba_api.api.{node['tags'][0]}.{module}"),
        statuses=frozenset(int(status) for status in node["responses"]),
        body_cap=node.get("x-max-body-bytes"),
    )


class PreparedServer:
    """A server whose objects are created when their attribute is first read."""

    def __init__(self, server: LocalServer) -> None:
        self.server = server
        self.client = Client(server.url, api_key=server.api_key, httpx_args=PLAIN)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    @cached_property
    def trace_file(self) -> str:
        """The id of a trace file named `support.md`."""
        files = UploadTraceFilesRequest([NewTraceFile("support.md", "# User\nHello", "md")])
        answer = upload_trace_files.sync(client=self.client, body=files)
        assert isinstance(answer, UploadTraceFilesResult)
        return answer.traces[0].id

    @cached_property
    def pending_insight(self) -> str:
        """The id of an insight with the status `pending`."""
        return insights.add(self.server.db, "Ask for the order number.", section="retrieval").id

    @cached_property
    def accepted_insight(self) -> str:
        """The id of an accepted insight."""
        return insights.add(self.server.db, "Answer briefly.", section="style", status="accepted").id

    @cached_property
    def completed_job(self) -> str:
        """The id of a completed job with one result, the error in the trace, that has not been materialized."""
        answer = generate_insights.sync(client=self.client, body=GenerateInsightsRequest([self.trace]))
        assert isinstance(answer, StartedJob)
        assert self.wait(answer.job_id).status == "completed"
        return answer.job_id

    @cached_property
    def waiting_job(self) -> str:
        """The id of a pending job that another process has leased and never starts."""
        id_ = f"job-{uuid.uuid4().hex}"
        jobs.add(self.server.db, id_, {}, "another process", until_ms=2**62)
        return id_

    def wait(self, job_id: str) -> Job:
        """Wait until a job has ended, and return it."""
        while True:
            answer = get_job.sync(job_id, client=self.client)
            assert isinstance(answer, Job)
            if answer.status in ("completed", "failed"):
                return answer
            time.sleep(0.01)

    @cached_property
    def prompt(self) -> str:
        """The id of a prompt made from the accepted insight."""
        answer = generate_prompt.sync(client=self.client, body=GeneratePromptRequest([self.accepted_insight]))
        assert isinstance(answer, GeneratedPrompt)
        return answer.prompt_id

    @cached_property
    def experiment_name(self) -> str:
        """A name that no other test uses."""
        return f"experiment {uuid.uuid4().hex}"

    @cached_property
    def experiment(self) -> str:
        """The id of the experiment with that name."""
        answer = create_experiment.sync(client=self.client, body=CreateExperimentRequest(self.experiment_name))
        assert isinstance(answer, CreatedExperiment)
        return answer.experiment_id

    @cached_property
    def trace(self) -> str:
        """The id of a trace with two spans and the tag `kayba.folder`, in the experiment."""
        trace_id = uuid.uuid4().hex
        body = ExportTraceServiceRequest.from_dict(otlp(trace_id))
        answer = export_traces.sync_detailed(client=self.client, body=body, x_mlflow_experiment_id=self.experiment)
        assert answer.status_code == 200, answer.content
        return f"tr-{trace_id}"

    @cached_property
    def announced_trace(self) -> str:
        """The id of a trace with info and without spans."""
        info = trace_info(f"tr-{uuid.uuid4().hex}", self.experiment)
        answer = create_trace_info.sync_detailed(client=self.client, body=info)
        assert answer.status_code == 200, answer.content
        return info.trace.trace_info.trace_id

    @cached_property
    def filed_trace(self) -> str:
        """The id of a trace whose spans were uploaded as a file."""
        body = artifact(self.announced_trace)
        answer = upload_trace_artifact.sync_detailed(
            self.experiment, self.announced_trace, client=self.client, body=body
        )
        assert answer.status_code == 200, answer.content
        return self.announced_trace


def artifact(trace_id: str) -> EncodedBody:
    """Return the file of a trace with one span, in the form of MLflow's clients."""
    span: dict[str, Any] = {
        "trace_id": b64encode(bytes.fromhex(trace_id.removeprefix("tr-"))).decode(),
        "span_id": "ozBxbY+7MUw=",
        "parent_span_id": None,
        "name": "answer",
        "start_time_unix_nano": 1795369045938786534,
        "end_time_unix_nano": 1795369045940918844,
        "events": [],
        "status": {"code": "STATUS_CODE_OK", "message": ""},
        "attributes": {"mlflow.spanType": '"AGENT"', "mlflow.spanInputs": '{"x": 1}'},
        "links": [],
    }
    return EncodedBody(json.dumps({"spans": [span]}).encode(), "text/plain")


def otlp(trace_id: str) -> dict[str, Any]:
    """Return an OTLP request with one trace: an agent span and a step below it."""

    def attribute(key: str, value: str) -> dict[str, Any]:
        return {"key": key, "value": {"stringValue": value}}

    root = {
        "traceId": trace_id,
        "spanId": "00f067aa0ba902b7",
        "name": "agent",
        "kind": 1,
        "startTimeUnixNano": "1795369083497015170",
        "endTimeUnixNano": "1795369083498015170",
        "attributes": [
            attribute("mlflow.spanType", "AGENT"),
            attribute("mlflow.spanInputs", '{"query": "hi"}'),
            attribute("mlflow.spanOutputs", '["a"]'),
            attribute("mlflow.traceTag.kayba.folder", "production"),
        ],
        "status": {"code": 1},
    }
    step = {
        "traceId": trace_id,
        "spanId": "00f067aa0ba902b8",
        "parentSpanId": root["spanId"],
        "name": "step",
        "startTimeUnixNano": 1795369083497015180,
        "endTimeUnixNano": 1795369083497016170,
        "status": {"code": 2, "message": "ValueError: no"},
        "events": [{"name": "exception", "timeUnixNano": "1795369083497016170"}],
    }
    return {"resourceSpans": [{"scopeSpans": [{"scope": {"name": "tests"}, "spans": [root, step]}]}]}


def trace_info(trace_id: str, experiment: str) -> CreateTraceInfoRequest:
    """Return the request that creates a trace's info."""
    info = {
        "trace_id": trace_id,
        "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment}},
        "request_time": "2026-11-22T17:37:25.867Z",
        "execution_duration": "0.071s",
        "state": "OK",
        "tags": {"mlflow.traceName": "agent"},
        "request_preview": '{"query": "hi"}',
    }
    return CreateTraceInfoRequest.from_dict({"trace": {"trace_info": info}})
