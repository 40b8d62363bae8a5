"""What serves each operation, by operationId. An operation that is not here answers 501."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kayba_local.handlers import experiments, insights, integrations, jobs, prompts, traces, tracing
from kayba_local.http.operation import Handler

HANDLERS: Final[Mapping[str, Handler]] = {
    "listTraceFiles": traces.list_trace_files,
    "uploadTraceFiles": traces.upload_trace_files,
    "getTraceFile": traces.get_trace_file,
    "deleteTraceFile": traces.delete_trace_file,
    "batchGetTraceFiles": traces.batch_get_trace_files,
    "generateInsights": insights.generate_insights,
    "listInsights": insights.list_insights,
    "updateInsight": insights.update_insight,
    "getJob": jobs.get_job,
    "materializeJob": jobs.materialize_job,
    "generatePrompt": prompts.generate_prompt,
    "listPrompts": prompts.list_prompts,
    "getPrompt": prompts.get_prompt,
    "listIntegrations": integrations.list_integrations,
    "updateIntegration": integrations.update_integration,
    "testIntegration": integrations.test_integration,
    **experiments.HANDLERS,
    **tracing.HANDLERS,
}
