"""Calls that succeed, one row for each form of the request."""

from __future__ import annotations

import json
import uuid
from typing import Any

from tests.helpers.contract.cases import NO_ID, NO_TRACE, SuccessCase, assessment, location
from tests.helpers.contract.prepared_server import PreparedServer, artifact, otlp, trace_info

from kayba_api import models
from kayba_api.models import (
    BatchGetTraceFilesRequest,
    CreateExperimentRequest,
    DeleteTracesRequest,
    DeleteTraceTagRequest,
    ExportTraceServiceRequest,
    GenerateInsightsRequest,
    GeneratePromptRequest,
    IntegrationConfig,
    NewTraceFile,
    SearchExperimentsRequest,
    SearchTracesRequest,
    SetTraceTagRequest,
    TraceArtifact,
    UpdateInsightRequest,
    UploadTraceFilesRequest,
)


def is_prepared_experiment(parsed: Any, world: PreparedServer) -> bool:
    """Return whether the response is the prepared experiment."""
    experiment = parsed.experiment
    return (experiment.experiment_id, experiment.name) == (world.experiment, world.experiment_name)


def is_complete_trace(trace: models.Trace, world: PreparedServer) -> bool:
    """Return whether this is the prepared trace with both spans, the step below the agent."""
    info, spans = trace.trace_info, trace.spans
    return (
        info.trace_id == world.trace
        and isinstance(info.tags, models.TraceTags)
        and info.tags["kayba.folder"] == "production"
        and isinstance(spans, list)
        and [span.name for span in spans] == ["agent", "step"]
        and spans[1].parent_span_id == spans[0].span_id
    )


SUCCESS_CASES = [
    SuccessCase(
        "listTraceFiles",
        lambda w: {},
        models.TraceFileList,
        lambda a, w: any(
            (f.id, f.filename, f.file_type, f.size) == (w.trace_file, "support.md", "md", 12) for f in a.traces
        ),
        needs="trace_file",
    ),
    SuccessCase(
        "uploadTraceFiles",
        lambda w: {
            "body": UploadTraceFilesRequest([NewTraceFile("a.json", "{}", "json"), NewTraceFile("ü.txt", "ü", "txt")])
        },
        models.UploadTraceFilesResult,
        lambda a, w: a.count == 2 and [f.filename for f in a.traces] == ["a.json", "ü.txt"],
    ),
    SuccessCase(
        "getTraceFile",
        lambda w: {"id": w.trace_file},
        models.TraceFileWithContent,
        lambda a, w: (a.id, a.content) == (w.trace_file, "# User\nHello"),
    ),
    SuccessCase("deleteTraceFile", lambda w: {"id": w.trace_file}, None, status=204),
    SuccessCase(
        "batchGetTraceFiles",
        lambda w: {"body": BatchGetTraceFilesRequest([NO_ID, w.trace_file])},
        models.TraceFileBatch,
        lambda a, w: [f.id for f in a.traces] == [w.trace_file],
    ),
    SuccessCase(
        "generateInsights",
        lambda w: {"body": GenerateInsightsRequest(trace_ids=[w.trace_file, w.trace], epochs=2)},
        models.StartedJob,
        lambda a, w: w.wait(a.job_id).status == "completed",
    ),
    SuccessCase(
        "listInsights",
        lambda w: {"status": "pending", "section": "retrieval"},
        models.InsightList,
        lambda a, w: w.pending_insight in [i.id for i in a.insights] and {i.status for i in a.insights} == {"pending"},
        needs="pending_insight",
    ),
    SuccessCase(
        "updateInsight",
        lambda w: {"id": w.pending_insight, "body": UpdateInsightRequest("rejected", note="not so")},
        models.Insight,
        lambda a, w: (a.id, a.status, a.note) == (w.pending_insight, "rejected", "not so"),
    ),
    SuccessCase(
        "getJob",
        lambda w: {"id": w.completed_job},
        models.Job,
        lambda a, w: (
            (a.job_id, a.status, a.result.skills_generated, a.result.materialized, a.result.traces_read)
            == (w.completed_job, "completed", 1, False, 1)
        ),
    ),
    SuccessCase(
        "materializeJob",
        lambda w: {"id": w.completed_job},
        models.MaterializedJob,
        lambda a, w: (a.job_id, a.skills_generated) == (w.completed_job, 1),
    ),
    SuccessCase(
        "generatePrompt",
        lambda w: {"body": GeneratePromptRequest([w.accepted_insight], label="support")},
        models.GeneratedPrompt,
        lambda a, w: "Answer briefly." in a.content.text and a.version >= 1,
    ),
    SuccessCase(
        "listPrompts", lambda w: {}, models.PromptList, lambda a, w: a.prompts[0].id == w.prompt, needs="prompt"
    ),
    SuccessCase(
        "getPrompt",
        lambda w: {"id": w.prompt},
        models.Prompt,
        lambda a, w: a.id == w.prompt and "Answer briefly." in a.content.text,
    ),
    SuccessCase(
        "listIntegrations", lambda w: {}, models.Integrations, lambda a, w: a.langsmith.enabled in (True, False)
    ),
    SuccessCase(
        "updateIntegration",
        lambda w: {
            "name": "mlflow",
            "body": IntegrationConfig(True, tracking_uri=w.server.url, auth_type="bearer", token="a-secret"),
        },
        models.IntegrationConfig,
        lambda a, w: a.tracking_uri == w.server.url and a.token != "a-secret",
    ),
    SuccessCase(
        "testIntegration", lambda w: {"name": "langsmith"}, models.IntegrationTestResult, lambda a, w: not a.connected
    ),
    SuccessCase(
        "getExperimentByName",
        lambda w: {"experiment_name": w.experiment_name},
        models.ExperimentAnswer,
        is_prepared_experiment,
        needs="experiment",
    ),
    SuccessCase(
        "createExperiment",
        lambda w: {"body": CreateExperimentRequest(f"new {uuid.uuid4().hex}")},
        models.CreatedExperiment,
        lambda a, w: a.experiment_id.isdigit(),
    ),
    SuccessCase(
        "getExperiment", lambda w: {"experiment_id": w.experiment}, models.ExperimentAnswer, is_prepared_experiment
    ),
    SuccessCase(
        "searchExperiments",
        lambda w: {"body": SearchExperimentsRequest(max_results=1000, filter_=f"name = '{w.experiment_name}'")},
        models.ExperimentPage,
        lambda a, w: w.experiment in [e.experiment_id for e in a.experiments],
        needs="experiment",
    ),
    SuccessCase("getVersion", lambda w: {}, str, lambda a, w: tuple(map(int, a.split(".")))[:2] >= (3, 4)),
    SuccessCase(
        "exportTraces",
        lambda w: {
            "x_mlflow_experiment_id": w.experiment,
            "body": ExportTraceServiceRequest.from_dict(otlp(uuid.uuid4().hex)),
        },
        models.ExportTraceServiceResponse,
        lambda a, w: not a.partial_success,
    ),
    SuccessCase(
        "createTraceInfo",
        lambda w: {"body": trace_info(f"tr-{uuid.uuid4().hex}", w.experiment)},
        models.TraceInfoAnswer,
        lambda a, w: (
            a.trace.trace_info.tags["mlflow.traceName"] == "agent"
            and "mlflow.artifactLocation" in a.trace.trace_info.tags
        ),
    ),
    SuccessCase(
        "getTraceInfo",
        lambda w: {"trace_id": w.trace},
        models.TraceInfoAnswer,
        lambda a, w: (a.trace.trace_info.trace_id, a.trace.trace_info.state) == (w.trace, "OK"),
    ),
    SuccessCase(
        "getTrace",
        lambda w: {"trace_id": w.trace, "allow_partial": False},
        models.TraceAnswer,
        lambda a, w: is_complete_trace(a.trace, w),
    ),
    SuccessCase(
        "batchGetTraces",
        lambda w: {"trace_ids": [NO_TRACE, w.trace]},
        models.TraceBatch,
        lambda a, w: len(a.traces) == 1 and is_complete_trace(a.traces[0], w),
    ),
    SuccessCase(
        "searchTraces",
        lambda w: {
            "body": SearchTracesRequest(
                [location(w.experiment)],
                filter_="tags.`kayba.folder` = 'production' AND status = 'OK'",
                max_results=10,
                order_by=["timestamp_ms DESC"],
            )
        },
        models.TracePage,
        lambda a, w: [info.trace_id for info in a.traces] == [w.trace],
        needs="trace",
    ),
    SuccessCase(
        "setTraceTag",
        lambda w: {"trace_id": w.trace, "body": SetTraceTagRequest("kayba.folder", "reviewed")},
        models.Empty,
    ),
    SuccessCase(
        "deleteTraceTag", lambda w: {"trace_id": w.trace, "body": DeleteTraceTagRequest("kayba.folder")}, models.Empty
    ),
    SuccessCase("deleteTraceTag", lambda w: {"trace_id": w.trace, "key": "kayba.folder"}, models.Empty),
    SuccessCase(
        "deleteTraces",
        lambda w: {"body": DeleteTracesRequest(w.experiment, request_ids=[NO_TRACE, w.trace])},
        models.DeletedTraces,
        lambda a, w: a.traces_deleted == 1,
    ),
    SuccessCase(
        "createAssessment",
        lambda w: {"trace_id": w.trace, "body": assessment()},
        models.AssessmentAnswer,
        lambda a, w: (
            a.assessment.feedback.value == {"score": 0.5, "of": [1, None]} and a.assessment.trace_id == w.trace
        ),
    ),
    SuccessCase(
        "uploadTraceArtifact",
        lambda w: {
            "experiment_id": w.experiment,
            "trace_id": w.announced_trace,
            "body": artifact(w.announced_trace),
        },
        models.Empty,
    ),
    SuccessCase(
        "uploadTraceArtifact",
        lambda w: {
            "experiment_id": w.experiment,
            "trace_id": w.announced_trace,
            "body": TraceArtifact.from_dict(json.loads(artifact(w.announced_trace).content)),
        },
        models.Empty,
    ),
    SuccessCase(
        "downloadTraceArtifact",
        lambda w: {"experiment_id": w.experiment, "trace_id": w.filed_trace},
        models.TraceArtifact,
        lambda a, w: [span.name for span in a.spans] == ["answer"],
    ),
]
