"""Calls whose arguments cause an error, one row for each cause."""

from __future__ import annotations

import uuid

from tests.helpers.contract.cases import NO_EXPERIMENT, NO_ID, NO_TRACE, ErrorCase, assessment, location
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

ERROR_CASES = [
    ErrorCase("uploadTraceFiles", 400, lambda w: {"body": UploadTraceFilesRequest([])}, "body.traces"),
    ErrorCase("getTraceFile", 400, lambda w: {"id": BAD_ID}, "path.id"),
    ErrorCase("getTraceFile", 404, lambda w: {"id": NO_ID}, NO_ID),
    ErrorCase("deleteTraceFile", 400, lambda w: {"id": BAD_ID}, "path.id"),
    ErrorCase("deleteTraceFile", 404, lambda w: {"id": NO_ID}, NO_ID),
    ErrorCase("batchGetTraceFiles", 400, lambda w: {"body": BatchGetTraceFilesRequest([BAD_ID])}, "body.ids[0]"),
    ErrorCase("generateInsights", 400, lambda w: {"body": GenerateInsightsRequest(epochs=0)}, "body.epochs"),
    ErrorCase("generateInsights", 404, lambda w: {"body": GenerateInsightsRequest([w.trace, NO_ID])}, NO_ID),
    ErrorCase("listInsights", 400, lambda w: {"status": "liked"}, "query.status"),
    ErrorCase(
        "updateInsight",
        400,
        lambda w: {"id": NO_ID, "body": UpdateInsightRequest.from_dict({"status": "new"})},
        "status",
    ),
    ErrorCase("updateInsight", 404, lambda w: {"id": NO_ID, "body": UpdateInsightRequest("accepted")}, NO_ID),
    ErrorCase("getJob", 400, lambda w: {"id": BAD_ID}, "path.id"),
    ErrorCase("getJob", 404, lambda w: {"id": NO_ID}, NO_ID),
    ErrorCase("materializeJob", 404, lambda w: {"id": NO_ID}, NO_ID),
    ErrorCase("materializeJob", 409, lambda w: {"id": w.waiting_job}, "pending"),
    ErrorCase("materializeJob", 400, lambda w: {"id": BAD_ID}, "path.id"),
    ErrorCase("generatePrompt", 400, lambda w: {"body": GeneratePromptRequest(label="")}, "body.label"),
    ErrorCase("generatePrompt", 404, lambda w: {"body": GeneratePromptRequest([NO_ID])}, NO_ID),
    ErrorCase("generatePrompt", 409, lambda w: {"body": GeneratePromptRequest([w.pending_insight])}, "pending"),
    ErrorCase("getPrompt", 400, lambda w: {"id": BAD_ID}, "path.id"),
    ErrorCase("getPrompt", 404, lambda w: {"id": NO_ID}, NO_ID),
    ErrorCase("updateIntegration", 400, lambda w: {"name": "slack", "body": IntegrationConfig(True)}, "path.name"),
    ErrorCase("testIntegration", 400, lambda w: {"name": "slack"}, "path.name"),
    ErrorCase("getExperimentByName", 400, lambda w: {"experiment_name": ""}, "experiment_name"),
    ErrorCase("getExperimentByName", 404, lambda w: {"experiment_name": "never made"}, "never made"),
    ErrorCase(
        "createExperiment",
        400,
        lambda w: {"body": CreateExperimentRequest(w.experiment_name)},
        "already",
        needs="experiment",
    ),
    ErrorCase("getExperiment", 400, lambda w: {"experiment_id": "one"}, "experiment_id"),
    ErrorCase("getExperiment", 404, lambda w: {"experiment_id": NO_EXPERIMENT}, NO_EXPERIMENT),
    ErrorCase("searchExperiments", 400, lambda w: {"body": SearchExperimentsRequest(max_results=0)}, "max_results"),
    ErrorCase(
        "exportTraces",
        400,
        lambda w: {"x_mlflow_experiment_id": "0", "body": ExportTraceServiceRequest.from_dict(otlp("not hex"))},
        "traceId",
    ),
    ErrorCase(
        "exportTraces",
        400,
        lambda w: {"x_mlflow_experiment_id": "0", "body": EncodedBody(b"\xff\xff", "application/x-protobuf")},
    ),
    ErrorCase(
        "exportTraces",
        400,
        lambda w: {"x_mlflow_experiment_id": "0", "body": EncodedBody(b"no gzip", "application/json", "gzip")},
        "gzip",
    ),
    ErrorCase(
        "exportTraces",
        404,
        lambda w: {
            "x_mlflow_experiment_id": NO_EXPERIMENT,
            "body": ExportTraceServiceRequest.from_dict(otlp(uuid.uuid4().hex)),
        },
        NO_EXPERIMENT,
    ),
    ErrorCase("createTraceInfo", 400, lambda w: {"body": trace_info("tr-1", "0")}, "trace_id"),
    ErrorCase("createTraceInfo", 404, lambda w: {"body": trace_info(NO_TRACE, NO_EXPERIMENT)}, NO_EXPERIMENT),
    ErrorCase("getTraceInfo", 400, lambda w: {"trace_id": BAD_ID}, "trace_id"),
    ErrorCase("getTraceInfo", 404, lambda w: {"trace_id": NO_TRACE}, NO_TRACE),
    ErrorCase("getTrace", 400, lambda w: {"trace_id": BAD_ID}, "trace_id"),
    ErrorCase("getTrace", 404, lambda w: {"trace_id": NO_TRACE}, NO_TRACE),
    ErrorCase("batchGetTraces", 400, lambda w: {"trace_ids": [BAD_ID]}, "trace_ids"),
    ErrorCase(
        "searchTraces", 400, lambda w: {"body": SearchTracesRequest([location("0")], max_results=501)}, "max_results"
    ),
    ErrorCase("searchTraces", 400, lambda w: {"body": SearchTracesRequest([location("0")], filter_="status =")}),
    ErrorCase("setTraceTag", 400, lambda w: {"trace_id": w.trace, "body": SetTraceTagRequest("", "x")}, "key"),
    ErrorCase("setTraceTag", 404, lambda w: {"trace_id": NO_TRACE, "body": SetTraceTagRequest("a", "b")}, NO_TRACE),
    ErrorCase("deleteTraceTag", 400, lambda w: {"trace_id": w.trace}, "key"),
    ErrorCase("deleteTraceTag", 404, lambda w: {"trace_id": NO_TRACE, "key": "a"}, NO_TRACE),
    ErrorCase(
        "deleteTraceTag", 404, lambda w: {"trace_id": w.trace, "body": DeleteTraceTagRequest("never set")}, "never set"
    ),
    ErrorCase("deleteTraces", 400, lambda w: {"body": DeleteTracesRequest("0")}, "max_timestamp_millis"),
    ErrorCase(
        "createAssessment",
        400,
        lambda w: {"trace_id": w.trace, "body": assessment(assessment_name="")},
        "assessment_name",
    ),
    ErrorCase("createAssessment", 404, lambda w: {"trace_id": NO_TRACE, "body": assessment()}, NO_TRACE),
    ErrorCase(
        "uploadTraceArtifact",
        400,
        lambda w: {
            "experiment_id": w.experiment,
            "trace_id": w.announced_trace,
            "body": EncodedBody(b"{", "text/plain"),
        },
        "JSON",
    ),
    ErrorCase(
        "uploadTraceArtifact",
        404,
        lambda w: {"experiment_id": "0", "trace_id": NO_TRACE, "body": artifact(NO_TRACE)},
        NO_TRACE,
    ),
    ErrorCase("downloadTraceArtifact", 400, lambda w: {"experiment_id": "0", "trace_id": BAD_ID}, "trace_id"),
    ErrorCase("downloadTraceArtifact", 404, lambda w: {"experiment_id": "0", "trace_id": NO_TRACE}, NO_TRACE),
]
