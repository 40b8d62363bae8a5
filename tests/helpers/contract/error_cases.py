"""The calls that are refused because of their arguments, one row for each way."""

from __future__ import annotations

import uuid

from tests.helpers.contract.cases import NO_EXPERIMENT, NO_ID, NO_TRACE, Refusal, assessment, location
from tests.helpers.contract.prepared_server import artifact, otlp, trace_info

from kayba_api import EncodedBody
from kayba_api.models import (
    BatchGetTraceFilesRequest,
    CreateExperimentRequest,
    DeleteTracesRequest,
    DeleteTraceTagRequest,
    ExportTraceServiceRequest,
    GenerateInsightsRequest,
    GeneratePromptRequest,
    IntegrationConfig,
    SearchExperimentsRequest,
    SearchTracesRequest,
    SetTraceTagRequest,
    UpdateInsightRequest,
    UploadTraceFilesRequest,
)

BAD_ID = "no such form of id"

REFUSALS = [
    Refusal("uploadTraceFiles", 400, lambda w: {"body": UploadTraceFilesRequest([])}, "body.traces"),
    Refusal("getTraceFile", 400, lambda w: {"id": BAD_ID}, "path.id"),
    Refusal("getTraceFile", 404, lambda w: {"id": NO_ID}, NO_ID),
    Refusal("deleteTraceFile", 400, lambda w: {"id": BAD_ID}, "path.id"),
    Refusal("deleteTraceFile", 404, lambda w: {"id": NO_ID}, NO_ID),
    Refusal("batchGetTraceFiles", 400, lambda w: {"body": BatchGetTraceFilesRequest([BAD_ID])}, "body.ids[0]"),
    Refusal("generateInsights", 400, lambda w: {"body": GenerateInsightsRequest(epochs=0)}, "body.epochs"),
    Refusal("generateInsights", 404, lambda w: {"body": GenerateInsightsRequest([w.trace, NO_ID])}, NO_ID),
    Refusal("listInsights", 400, lambda w: {"status": "liked"}, "query.status"),
    Refusal(
        "updateInsight",
        400,
        lambda w: {"id": NO_ID, "body": UpdateInsightRequest.from_dict({"status": "new"})},
        "status",
    ),
    Refusal("updateInsight", 404, lambda w: {"id": NO_ID, "body": UpdateInsightRequest("accepted")}, NO_ID),
    Refusal("getJob", 400, lambda w: {"id": BAD_ID}, "path.id"),
    Refusal("getJob", 404, lambda w: {"id": NO_ID}, NO_ID),
    Refusal("materializeJob", 404, lambda w: {"id": NO_ID}, NO_ID),
    Refusal("materializeJob", 409, lambda w: {"id": w.waiting_job}, "pending"),
    Refusal("materializeJob", 400, lambda w: {"id": BAD_ID}, "path.id"),
    Refusal("generatePrompt", 400, lambda w: {"body": GeneratePromptRequest(label="")}, "body.label"),
    Refusal("generatePrompt", 404, lambda w: {"body": GeneratePromptRequest([NO_ID])}, NO_ID),
    Refusal("generatePrompt", 409, lambda w: {"body": GeneratePromptRequest([w.pending_insight])}, "pending"),
    Refusal("getPrompt", 400, lambda w: {"id": BAD_ID}, "path.id"),
    Refusal("getPrompt", 404, lambda w: {"id": NO_ID}, NO_ID),
    Refusal("updateIntegration", 400, lambda w: {"name": "slack", "body": IntegrationConfig(True)}, "path.name"),
    Refusal("testIntegration", 400, lambda w: {"name": "slack"}, "path.name"),
    Refusal("getExperimentByName", 400, lambda w: {"experiment_name": ""}, "experiment_name"),
    Refusal("getExperimentByName", 404, lambda w: {"experiment_name": "never made"}, "never made"),
    Refusal(
        "createExperiment",
        400,
        lambda w: {"body": CreateExperimentRequest(w.experiment_name)},
        "already",
        needs="experiment",
    ),
    Refusal("getExperiment", 400, lambda w: {"experiment_id": "one"}, "experiment_id"),
    Refusal("getExperiment", 404, lambda w: {"experiment_id": NO_EXPERIMENT}, NO_EXPERIMENT),
    Refusal("searchExperiments", 400, lambda w: {"body": SearchExperimentsRequest(max_results=0)}, "max_results"),
    Refusal(
        "exportTraces",
        400,
        lambda w: {"x_mlflow_experiment_id": "0", "body": ExportTraceServiceRequest.from_dict(otlp("not hex"))},
        "traceId",
    ),
    Refusal(
        "exportTraces",
        400,
        lambda w: {"x_mlflow_experiment_id": "0", "body": EncodedBody(b"\xff\xff", "application/x-protobuf")},
    ),
    Refusal(
        "exportTraces",
        400,
        lambda w: {"x_mlflow_experiment_id": "0", "body": EncodedBody(b"no gzip", "application/json", "gzip")},
        "gzip",
    ),
    Refusal(
        "exportTraces",
        404,
        lambda w: {
            "x_mlflow_experiment_id": NO_EXPERIMENT,
            "body": ExportTraceServiceRequest.from_dict(otlp(uuid.uuid4().hex)),
        },
        NO_EXPERIMENT,
    ),
    Refusal("createTraceInfo", 400, lambda w: {"body": trace_info("tr-1", "0")}, "trace_id"),
    Refusal("createTraceInfo", 404, lambda w: {"body": trace_info(NO_TRACE, NO_EXPERIMENT)}, NO_EXPERIMENT),
    Refusal("getTraceInfo", 400, lambda w: {"trace_id": BAD_ID}, "trace_id"),
    Refusal("getTraceInfo", 404, lambda w: {"trace_id": NO_TRACE}, NO_TRACE),
    Refusal("getTrace", 400, lambda w: {"trace_id": BAD_ID}, "trace_id"),
    Refusal("getTrace", 404, lambda w: {"trace_id": NO_TRACE}, NO_TRACE),
    Refusal("batchGetTraces", 400, lambda w: {"trace_ids": [BAD_ID]}, "trace_ids"),
    Refusal(
        "searchTraces", 400, lambda w: {"body": SearchTracesRequest([location("0")], max_results=501)}, "max_results"
    ),
    Refusal("searchTraces", 400, lambda w: {"body": SearchTracesRequest([location("0")], filter_="status =")}),
    Refusal("setTraceTag", 400, lambda w: {"trace_id": w.trace, "body": SetTraceTagRequest("", "x")}, "key"),
    Refusal("setTraceTag", 404, lambda w: {"trace_id": NO_TRACE, "body": SetTraceTagRequest("a", "b")}, NO_TRACE),
    Refusal("deleteTraceTag", 400, lambda w: {"trace_id": w.trace}, "key"),
    Refusal("deleteTraceTag", 404, lambda w: {"trace_id": NO_TRACE, "key": "a"}, NO_TRACE),
    Refusal(
        "deleteTraceTag", 404, lambda w: {"trace_id": w.trace, "body": DeleteTraceTagRequest("never set")}, "never set"
    ),
    Refusal("deleteTraces", 400, lambda w: {"body": DeleteTracesRequest("0")}, "max_timestamp_millis"),
    Refusal(
        "createAssessment",
        400,
        lambda w: {"trace_id": w.trace, "body": assessment(assessment_name="")},
        "assessment_name",
    ),
    Refusal("createAssessment", 404, lambda w: {"trace_id": NO_TRACE, "body": assessment()}, NO_TRACE),
    Refusal(
        "uploadTraceArtifact",
        400,
        lambda w: {
            "experiment_id": w.experiment,
            "trace_id": w.announced_trace,
            "body": EncodedBody(b"{", "text/plain"),
        },
        "JSON",
    ),
    Refusal(
        "uploadTraceArtifact",
        404,
        lambda w: {"experiment_id": "0", "trace_id": NO_TRACE, "body": artifact(NO_TRACE)},
        NO_TRACE,
    ),
    Refusal("downloadTraceArtifact", 400, lambda w: {"experiment_id": "0", "trace_id": BAD_ID}, "trace_id"),
    Refusal("downloadTraceArtifact", 404, lambda w: {"experiment_id": "0", "trace_id": NO_TRACE}, NO_TRACE),
]
