"""Traces to a server that cannot take OTLP: the info of each trace, then all its spans in one file.

The file holds whole traces and cannot be added to. So what a server has of a trace is fetched and sent back with what
is new, each span once: a repeat changes nothing, and neither does a span that comes after its trace.

One trace to a server that cannot take OTLP: what of it is there already, its info, its file.
"""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from ace_tracing.delivery.fork import no_fork
from ace_tracing.delivery.http.client import ServiceClient
from ace_tracing.delivery.http.responses import is_missing, is_page, outcome_of
from ace_tracing.delivery.http.results import Delivered, ExportResult, Rejected, Retryable
from ace_tracing.delivery.http.transport import seconds_left
from ace_tracing.delivery.mlflow import file as tracefile
from ace_tracing.delivery.mlflow.file import Json
from ace_tracing.delivery.mlflow.info import IN_PROGRESS, info_of
from ace_tracing.recording.frames import TraceRecord

if TYPE_CHECKING:
    from kayba_api.types import Response

ENOUGH_LEFT_S = 12.0
"""With less left of an attempt no further trace is begun: it takes a few requests, and each may take a while."""


class ArtifactExporter:
    """Sends traces one by one, and remembers how far it got in a batch that it is given again.

    Args:
        service: where to.
    """

    def __init__(self, service: ServiceClient) -> None:
        self._service = service
        self._settled: dict[str, tuple[list[TraceRecord], Rejected | None]] = {}

    def send(self, traces: Sequence[TraceRecord], experiment_id: str) -> ExportResult | None:
        """Try once to store traces; None when the experiment is not there.

        Traces that are refused alone are told in `Delivered`; the others need not be sent again without them.

        Raises:
            httpx.HTTPError: there was no whole answer.
        """
        by_id: dict[str, list[TraceRecord]] = {}
        for trace in traces:
            by_id.setdefault(trace.trace_id, []).append(trace)
        self._settled = {
            trace_id: settled for trace_id, settled in self._settled.items() if settled[0] == by_id.get(trace_id)
        }
        went_on = False
        for trace_id, records in by_id.items():
            if trace_id in self._settled:
                continue
            if went_on and (seconds_left() or 0.0) < ENOUGH_LEFT_S:
                return Retryable(f"{len(self._settled)} of {len(by_id)} traces stored one by one so far", after=0.0)
            outcome = TraceExport(self._service, trace_id, experiment_id).store(records)
            if not isinstance(outcome, Delivered | Rejected):
                return outcome
            self._service.without_otlp()
            went_on = True
            self._settled[trace_id] = records, outcome if isinstance(outcome, Rejected) else None
        settled, self._settled = self._settled, {}
        return _summary(list(settled.values()))


def _summary(settled: list[tuple[list[TraceRecord], Rejected | None]]) -> ExportResult:
    refusals = [(records, refusal) for records, refusal in settled if refusal is not None]
    if not refusals:
        return Delivered()
    last = refusals[-1][1]
    if len(refusals) == len(settled):
        # Each has been tried alone.
        return Rejected(last.reason)
    return Delivered(sum(len(record.spans) for records, _ in refusals for record in records), last.reason)


CANNOT_REPLACE = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT, HTTPStatus.INTERNAL_SERVER_ERROR})
"""What a store may answer that has an info and does not replace it; MLflow's file store fails with 500."""

OF_SERVER = "mlflow.artifactLocation"
"""A tag that the server gives itself, last of all: without it an info is only half made."""


class TraceExport:
    """One trace on its way.

    Args:
        service: where to.
        trace_id: 32 hex digits.
        experiment_id: where it goes, unless the first of it has gone elsewhere.
    """

    def __init__(self, service: ServiceClient, trace_id: str, experiment_id: str) -> None:
        self._service = service
        self._trace_id = tracefile.TRACE_ID_PREFIX + trace_id
        self._experiment_id = experiment_id

    def store(self, records: list[TraceRecord]) -> ExportResult | None:
        """Store spans of it beside those that are there; None when the experiment is not.

        Raises:
            httpx.HTTPError: there was no whole answer.
        """
        with no_fork():
            from kayba_api.api.tracing import get_trace_info, upload_trace_artifact
            from kayba_api.models import TraceInfoAnswer
            from kayba_api.types import EncodedBody

        spans = tracefile.merged((), (span for record in records for span in tracefile.spans_of(record)))
        known = self._service.request(get_trace_info.sync_detailed, trace_id=self._trace_id)
        if isinstance(known.parsed, TraceInfoAnswer):
            before: Json = known.parsed.to_dict()["trace"]["trace_info"]
            self._experiment_id = before["trace_location"]["mlflow_experiment"]["experiment_id"]
            stored = self._stored_spans()
            if not isinstance(stored, list):
                return stored
            spans = tracefile.merged(stored, spans)
            outcome = self._update(before, info_of(self._trace_id, self._experiment_id, spans))
        elif is_missing(known):
            outcome = self._create(info_of(self._trace_id, self._experiment_id, spans))
        else:
            return _failure(known)
        if not isinstance(outcome, Delivered):
            return outcome
        # By the type with which MLflow's clients send it.
        body = EncodedBody(tracefile.written(spans), "text/plain")
        return outcome_of(
            self._service.request(
                upload_trace_artifact.sync_detailed,
                experiment_id=self._experiment_id,
                trace_id=self._trace_id,
                body=body,
            )
        )

    def _stored_spans(self) -> list[Json] | ExportResult:
        """The spans that the server has of it."""
        with no_fork():
            from kayba_api.api.tracing import download_trace_artifact

        answer = self._service.request(
            download_trace_artifact.sync_detailed, experiment_id=self._experiment_id, trace_id=self._trace_id
        )
        if is_missing(answer):
            return []
        if answer.status_code == HTTPStatus.OK and not is_page(answer):
            return tracefile.read(answer.content)
        return _failure(answer)

    def _create(self, info: Json) -> ExportResult | None:
        answer = self._send_info(info)
        if is_missing(answer):
            return None
        outcome = outcome_of(answer)
        if not isinstance(outcome, Delivered):
            return outcome
        return self._set_tags({key: text for key, text in info["tags"].items() if _is_path(key)})

    def _update(self, before: Json, info: Json) -> ExportResult | None:
        """Let the server's info say what is known now, where it says less."""
        tags: dict[str, str] = before.get("tags", {})
        if before["state"] == info["state"] == IN_PROGRESS:
            return Delivered()
        if before["state"] != IN_PROGRESS and OF_SERVER in tags:
            # How it ended is known. Its times stay, too: a span that ends after its trace does not make it longer.
            return self._set_tags({key: text for key, text in info["tags"].items() if tags.get(key) != text})
        info["tags"] = {key: text for key, text in tags.items() if key != OF_SERVER} | info["tags"]
        info["trace_metadata"] = before.get("trace_metadata", {}) | info["trace_metadata"]
        answer = self._send_info(info)
        if answer.status_code not in CANNOT_REPLACE:
            return outcome_of(answer)
        with no_fork():
            from kayba_api.api.tracing import delete_traces
            from kayba_api.models import DeleteTracesRequest

        # Its spans are in the file, and in what is being sent; what else was said of it goes with the new info.
        info["assessments"] = before.get("assessments", [])
        body = DeleteTracesRequest.from_dict({"experiment_id": self._experiment_id, "request_ids": [self._trace_id]})
        deleted = outcome_of(self._service.request(delete_traces.sync_detailed, body=body))
        return self._create(info) if isinstance(deleted, Delivered) else deleted

    def _send_info(self, info: Json) -> Response[Any]:
        with no_fork():
            from kayba_api.api.tracing import create_trace_info
            from kayba_api.models import CreateTraceInfoRequest

        # A store that keeps each tag in a file fails on those in the middle of it.
        simple = {key: text for key, text in info["tags"].items() if not _is_path(key)}
        body = CreateTraceInfoRequest.from_dict({"trace": {"trace_info": info | {"tags": simple}}})
        return self._service.request(create_trace_info.sync_detailed, body=body)

    def _set_tags(self, tags: dict[str, str]) -> ExportResult:
        """Set tags one by one; those that the server does not take are still to be read on the root span."""
        with no_fork():
            from kayba_api.api.tracing import set_trace_tag
            from kayba_api.models import SetTraceTagRequest

        for key, text in tags.items():
            body = SetTraceTagRequest(key=key, value=text)
            answer = self._service.request(set_trace_tag.sync_detailed, trace_id=self._trace_id, body=body)
            outcome = outcome_of(answer)
            if not isinstance(outcome, Delivered | Rejected) and answer.status_code != HTTPStatus.INTERNAL_SERVER_ERROR:
                return outcome
        return Delivered()


def _is_path(key: str) -> bool:
    return "/" in key


def _failure(answer: Response[Any]) -> ExportResult:
    """Why what was asked for did not come."""
    outcome = outcome_of(answer)
    if isinstance(outcome, Delivered):
        return Retryable(f"HTTP {answer.status_code} without what was asked for")
    return outcome
