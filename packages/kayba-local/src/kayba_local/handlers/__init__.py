"""The handlers of all operations by operationId, one module for each tag of the contract."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kayba_local.handlers import experiments, insights, integrations, jobs, prompts, traces, tracing
from kayba_local.http.operation import Handler

HANDLERS: Final[Mapping[str, Handler]] = {
    **traces.HANDLERS,
    **insights.HANDLERS,
    **jobs.HANDLERS,
    **prompts.HANDLERS,
    **integrations.HANDLERS,
    **experiments.HANDLERS,
    **tracing.HANDLERS,
}
