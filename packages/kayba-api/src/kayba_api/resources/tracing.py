# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
"""Traces as trees of spans."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from functools import cached_property
from typing import Final

import httpx

from .._call_steps import CallOptions, Operation
from .._calls import AsyncResource, Resource
from .._pages import AsyncPages, Page, Paging, fetch_page
from .._raw_response import async_to_raw_response_wrapper, to_raw_response_wrapper
from ..api.tracing import (
    batch_get_traces,
    create_assessment,
    create_trace_info,
    delete_trace_tag,
    delete_traces,
    download_trace_artifact,
    export_traces,
    get_trace,
    get_trace_info,
    get_version,
    search_traces,
    set_trace_tag,
    upload_trace_artifact,
)
from ..models.assessment import Assessment
from ..models.assessment_answer import AssessmentAnswer
from ..models.create_assessment_request import CreateAssessmentRequest
from ..models.create_trace_info_request import CreateTraceInfoRequest
from ..models.delete_trace_tag_request import DeleteTraceTagRequest
from ..models.delete_traces_request import DeleteTracesRequest
from ..models.deleted_traces import DeletedTraces
from ..models.empty import Empty
from ..models.export_trace_service_request import ExportTraceServiceRequest
from ..models.export_trace_service_response import ExportTraceServiceResponse
from ..models.mlflow_experiment_location import MlflowExperimentLocation
from ..models.new_trace import NewTrace
from ..models.search_traces_request import SearchTracesRequest
from ..models.set_trace_tag_request import SetTraceTagRequest
from ..models.trace_answer import TraceAnswer
from ..models.trace_artifact import TraceArtifact
from ..models.trace_batch import TraceBatch
from ..models.trace_info import TraceInfo
from ..models.trace_info_answer import TraceInfoAnswer
from ..models.trace_location import TraceLocation
from ..models.trace_page import TracePage
from ..types import UNSET, EncodedBody

_GET_VERSION: Final = Operation[str](
    parse=get_version._parse_response,
    expected=(str,),
    idempotent=True,
    conflict_is_final=False,
)

_EXPORT: Final = Operation[ExportTraceServiceResponse](
    parse=export_traces._parse_response,
    expected=(ExportTraceServiceResponse,),
    idempotent=True,
    conflict_is_final=False,
)

_CREATE_INFO: Final = Operation[TraceInfoAnswer](
    parse=create_trace_info._parse_response,
    expected=(TraceInfoAnswer,),
    idempotent=True,
    conflict_is_final=False,
)

_GET_INFO: Final = Operation[TraceInfoAnswer](
    parse=get_trace_info._parse_response,
    expected=(TraceInfoAnswer,),
    idempotent=True,
    conflict_is_final=False,
)

_GET: Final = Operation[TraceAnswer](
    parse=get_trace._parse_response,
    expected=(TraceAnswer,),
    idempotent=True,
    conflict_is_final=False,
)

_BATCH_GET: Final = Operation[TraceBatch](
    parse=batch_get_traces._parse_response,
    expected=(TraceBatch,),
    idempotent=True,
    conflict_is_final=False,
)

_SEARCH: Final = Operation[TracePage](
    parse=search_traces._parse_response,
    expected=(TracePage,),
    idempotent=True,
    conflict_is_final=False,
)

_DELETE_TAG: Final = Operation[None](
    parse=delete_trace_tag._parse_response,
    expected=(Empty,),
    idempotent=True,
    conflict_is_final=False,
)

_SET_TAG: Final = Operation[None](
    parse=set_trace_tag._parse_response,
    expected=(Empty,),
    idempotent=True,
    conflict_is_final=False,
)

_DELETE: Final = Operation[DeletedTraces](
    parse=delete_traces._parse_response,
    expected=(DeletedTraces,),
    idempotent=False,
    conflict_is_final=False,
)

_CREATE_ASSESSMENT: Final = Operation[AssessmentAnswer](
    parse=create_assessment._parse_response,
    expected=(AssessmentAnswer,),
    idempotent=False,
    conflict_is_final=False,
)

_DOWNLOAD_ARTIFACT: Final = Operation[TraceArtifact](
    parse=download_trace_artifact._parse_response,
    expected=(TraceArtifact,),
    idempotent=True,
    conflict_is_final=False,
)

_UPLOAD_ARTIFACT: Final = Operation[None](
    parse=upload_trace_artifact._parse_response,
    expected=(Empty,),
    idempotent=True,
    conflict_is_final=False,
)


class TracingResource(Resource):
    """Traces as trees of spans."""

    @cached_property
    def with_raw_response(self) -> TracingWithRawResponse:
        """The same methods, returning status and headers besides the result."""
        return TracingWithRawResponse(self)

    def get_version(
        self,
        *,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> str:
        """Get the version of the tracing protocol.

        Returns the MLflow version that the tracing mount is compatible with, as text. Servers with version 3.4 or
        newer accept spans at `/mlflow/v1/traces`.

        Args:
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            The version. MLflow itself declares it as HTML.

        Raises:
            AuthenticationError: The API key is missing or unknown.
            PermissionDeniedError: The API key has no permission for the operation, or the request's origin is
                not allowed.
            RateLimitError: Too many requests. Try again after `Retry-After`.
            InternalServerError: The server failed. The request may be retried. Or: This server does not
                implement the operation, or its store does not support it.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> client.tracing.get_version()
        """
        return self._calls.call(
            _GET_VERSION, get_version._get_kwargs(), CallOptions(timeout, max_retries, extra_headers)
        )

    def export(
        self,
        *,
        body: ExportTraceServiceRequest | EncodedBody,
        experiment_id: str,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> ExportTraceServiceResponse:
        """Send spans.

        Accepts OTLP/HTTP. A request may contain any number of spans of any number of traces. All of them are stored
        before the response is sent, and sending them again changes nothing. The body may be compressed (`Content-
        Encoding: gzip`) and may have at most 64 MiB uncompressed. The response has the encoding of the request.

        JSON is read as protobuf's JSON mapping defines: 64-bit integers may be text, enum values may be names, and
        null stands for an absent field. An invalid span costs itself only: the others are stored, and
        `partialSuccess` in the response has the number of rejected spans and the reasons. If all spans are invalid,
        the status is 400.

        These attributes have a meaning for a trace: `mlflow.spanInputs` and `mlflow.spanOutputs` (JSON in a
        string), `mlflow.spanType` and `mlflow.spanFunctionName`. On the root span, `mlflow.traceTag.<key>` becomes
        the trace's tag `<key>`, `mlflow.traceTag.mlflow.traceName` becomes its name, `mlflow.traceMetadata.<key>`
        becomes the metadata `<key>`, and `session.id` and `user.id` become metadata. While a trace has no root
        span, its earliest span without a stored parent takes that place. An event named `exception` contains an
        exception.

        A server that does not accept spans returns 501. On such a server, create the trace with `createTraceInfo`
        and send its spans with `uploadTraceArtifact`.

        Args:
            body: Spans, grouped by their sources. Or its bytes.
            experiment_id: The experiment that the traces belong to.
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            The spans have been stored. The message is empty unless some spans were rejected.

        Raises:
            BadRequestError: The request is invalid. The message names the place and the reason.
            AuthenticationError: The API key is missing or unknown.
            PermissionDeniedError: The API key has no permission for the operation, or the request's origin is
                not allowed.
            NotFoundError: No object has this id, name or key.
            PayloadTooLargeError: The body, after decompression, is over the operation's limit. Nothing was
                stored.
            APIStatusError: The operation does not accept the body's Content-Type or Content-Encoding.
            RateLimitError: Too many requests. Try again after `Retry-After`.
            InternalServerError: The server failed. The request may be retried. Or: This server does not
                implement the operation, or its store does not support it.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> client.tracing.export(
            ...     body=ExportTraceServiceRequest(
            ...         resource_spans=[
            ...             ResourceSpans(
            ...                 resource=Resource(
            ...                     attributes=[
            ...                         KeyValue(key="service.name", value=AnyValue(string_value="support-agent"))
            ...                     ]
            ...                 ),
            ...                 scope_spans=[
            ...                     ScopeSpans(
            ...                         scope=InstrumentationScope(name="ace_tracing"),
            ...                         spans=[
            ...                             OtlpSpan(
            ...                                 trace_id="179010ea7eb391b2a9c5c13625864ffc",
            ...                                 span_id="ec083fa9d564970f",
            ...                                 name="agent",
            ...                                 kind=1,
            ...                                 start_time_unix_nano="1795369083497015170",
            ...                                 end_time_unix_nano="1795369083498015170",
            ...                                 attributes=[
            ...                                     KeyValue(
            ...                                         key="mlflow.spanType", value=AnyValue(string_value="AGENT")
            ...                                     ),
            ...                                     KeyValue(
            ...                                         key="mlflow.spanInputs",
            ...                                         value=AnyValue(string_value='{"query": "hi", "n": 3}'),
            ...                                     ),
            ...                                     KeyValue(
            ...                                         key="mlflow.spanOutputs", value=AnyValue(string_value='["a"]')
            ...                                     ),
            ...                                     KeyValue(
            ...                                         key="mlflow.traceTag.kayba.folder",
            ...                                         value=AnyValue(string_value="production"),
            ...                                     ),
            ...                                     KeyValue(
            ...                                         key="mlflow.traceTag.mlflow.traceName",
            ...                                         value=AnyValue(string_value="agent"),
            ...                                     ),
            ...                                 ],
            ...                                 status=OtlpStatus(code=1),
            ...                             ),
            ...                             OtlpSpan(
            ...                                 trace_id="179010ea7eb391b2a9c5c13625864ffc",
            ...                                 span_id="47844d9d8171cc8a",
            ...                                 parent_span_id="ec083fa9d564970f",
            ...                                 name="child",
            ...                                 kind=1,
            ...                                 start_time_unix_nano="1795369083497015180",
            ...                                 end_time_unix_nano="1795369083497016170",
            ...                                 status=OtlpStatus(code=1),
            ...                             ),
            ...                         ],
            ...                     )
            ...                 ],
            ...             )
            ...         ]
            ...     ),
            ...     experiment_id="0",
            ... )
        """
        return self._calls.call(
            _EXPORT,
            export_traces._get_kwargs(body=body, x_mlflow_experiment_id=experiment_id),
            CallOptions(timeout, max_retries, extra_headers),
        )

    def create_info(
        self,
        *,
        trace: NewTrace,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> TraceInfoAnswer:
        """Create or replace a trace's info.

        Stores the data of a trace except its spans. Returns the stored info, with the server's own tags added
        (`mlflow.artifactLocation`, `mlflow.trace.spansLocation`).

        Args:
            trace: A trace to create or replace, without its spans.
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            The stored info.

        Raises:
            BadRequestError: The request is invalid. The message names the place and the reason.
            AuthenticationError: The API key is missing or unknown.
            PermissionDeniedError: The API key has no permission for the operation, or the request's origin is
                not allowed.
            NotFoundError: No object has this id, name or key.
            PayloadTooLargeError: The body, after decompression, is over the operation's limit. Nothing was
                stored.
            APIStatusError: The operation does not accept the body's Content-Type or Content-Encoding.
            RateLimitError: Too many requests. Try again after `Retry-After`.
            InternalServerError: The server failed. The request may be retried. Or: This server does not
                implement the operation, or its store does not support it.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> client.tracing.create_info(
            ...     trace=NewTrace(
            ...         trace_info=NewTraceInfo(
            ...             trace_id="tr-824d9766f4f062ec0513593567412ca5",
            ...             trace_location=TraceLocation(
            ...                 type_="MLFLOW_EXPERIMENT", mlflow_experiment=MlflowExperimentLocation(experiment_id="0")
            ...             ),
            ...             request_time=datetime.datetime.fromisoformat("2026-11-22T17:37:25.867Z"),
            ...             execution_duration="0.071s",
            ...             state="OK",
            ...             trace_metadata=NewTraceMetadata.from_dict(
            ...                 {
            ...                     "mlflow.trace_schema.version": "3",
            ...                     "mlflow.traceInputs": '{"query": "What is the capital of France?"}',
            ...                     "mlflow.traceOutputs": '"Paris"',
            ...                 }
            ...             ),
            ...             tags=NewTraceTags.from_dict({"kayba.folder": "production", "mlflow.traceName": "agent"}),
            ...             request_preview='{"query": "What is the capital of France?"}',
            ...             response_preview='"Paris"',
            ...         )
            ...     )
            ... )
        """
        return self._calls.call(
            _CREATE_INFO,
            create_trace_info._get_kwargs(body=CreateTraceInfoRequest(trace=trace)),
            CallOptions(timeout, max_retries, extra_headers),
        )

    def get_info(
        self,
        trace_id: str,
        *,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> TraceInfoAnswer:
        """Get a trace's info.

        The data of a trace except its spans.

        Args:
            trace_id: The trace's id.
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            The trace's info.

        Raises:
            BadRequestError: The request is invalid. The message names the place and the reason.
            AuthenticationError: The API key is missing or unknown.
            PermissionDeniedError: The API key has no permission for the operation, or the request's origin is
                not allowed.
            NotFoundError: No object has this id, name or key.
            RateLimitError: Too many requests. Try again after `Retry-After`.
            InternalServerError: The server failed. The request may be retried. Or: This server does not
                implement the operation, or its store does not support it.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> client.tracing.get_info("tr-179010ea7eb391b2a9c5c13625864ffc")
        """
        return self._calls.call(
            _GET_INFO, get_trace_info._get_kwargs(trace_id=trace_id), CallOptions(timeout, max_retries, extra_headers)
        )

    def get(
        self,
        trace_id: str,
        *,
        allow_partial: bool | None = None,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> TraceAnswer:
        """Get a trace with its spans.

        Returns a trace's info and all its spans, in the order of their start.

        Args:
            trace_id: The trace's id.
            allow_partial: If `true`, a trace may be returned before all its spans have arrived. `true` or
                `false`, in upper or lower case.
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            The trace.

        Raises:
            BadRequestError: The request is invalid. The message names the place and the reason.
            AuthenticationError: The API key is missing or unknown.
            PermissionDeniedError: The API key has no permission for the operation, or the request's origin is
                not allowed.
            NotFoundError: No object has this id, name or key.
            RateLimitError: Too many requests. Try again after `Retry-After`.
            InternalServerError: The server failed. The request may be retried. Or: This server does not
                implement the operation, or its store does not support it.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> client.tracing.get("tr-179010ea7eb391b2a9c5c13625864ffc", allow_partial=True)
        """
        return self._calls.call(
            _GET,
            get_trace._get_kwargs(trace_id=trace_id, allow_partial=UNSET if allow_partial is None else allow_partial),
            CallOptions(timeout, max_retries, extra_headers),
        )

    def batch_get(
        self,
        trace_ids: builtins.list[str],
        *,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> TraceBatch:
        """Get several traces with their spans.

        Returns traces in the order of the ids. Unknown ids are omitted. If all ids are unknown, the response is an
        empty object.

        Args:
            trace_ids: The traces' ids, one parameter for each.
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            The traces that were found.

        Raises:
            BadRequestError: The request is invalid. The message names the place and the reason.
            AuthenticationError: The API key is missing or unknown.
            PermissionDeniedError: The API key has no permission for the operation, or the request's origin is
                not allowed.
            RateLimitError: Too many requests. Try again after `Retry-After`.
            InternalServerError: The server failed. The request may be retried. Or: This server does not
                implement the operation, or its store does not support it.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> client.tracing.batch_get(["tr-179010ea7eb391b2a9c5c13625864ffc", "tr-1b145ca31feddafd64c1a169c030c1d8"])
        """
        return self._calls.call(
            _BATCH_GET,
            batch_get_traces._get_kwargs(trace_ids=trace_ids),
            CallOptions(timeout, max_retries, extra_headers),
        )

    def search(
        self,
        *,
        experiment_ids: builtins.list[str] | None = None,
        filter: str | None = None,
        max_results: int | None = None,
        order_by: builtins.list[str] | None = None,
        page_token: str | None = None,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Page[TraceInfo]:
        """Search traces.

        Returns the infos of traces in pages, newest first unless another order is given. The filter joins
        conditions with `AND`: tags (``tags.`kayba.folder` = 'production'``), `status`, `name`, `timestamp_ms`.
        Without matches, the response is an empty object. The last page has no `next_page_token`.

        Iterate over the result to get all traces, page by page.

        Args:
            experiment_ids: The ids of the experiments to search. Default: experiment `0`.
            filter: Conditions joined with `AND`.
            max_results: Maximum number of traces in a page. Default: 100.
            order_by: Fields to sort by, each with `ASC` or `DESC`.
            page_token: The `next_page_token` of the previous page.
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            The first page. Iterating over it also fetches the later pages.

        Raises:
            BadRequestError: The request is invalid. The message names the place and the reason.
            AuthenticationError: The API key is missing or unknown.
            PermissionDeniedError: The API key has no permission for the operation, or the request's origin is
                not allowed.
            PayloadTooLargeError: The body, after decompression, is over the operation's limit. Nothing was
                stored.
            APIStatusError: The operation does not accept the body's Content-Type or Content-Encoding.
            RateLimitError: Too many requests. Try again after `Retry-After`.
            InternalServerError: The server failed. The request may be retried. Or: This server does not
                implement the operation, or its store does not support it.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> for item in client.tracing.search(
            ...     experiment_ids=["0"],
            ...     filter="tags.`kayba.folder` = 'production'",
            ...     max_results=3,
            ...     order_by=["timestamp_ms DESC"],
            ... ):
            ...     print(item)
        """
        paging = Paging[TraceInfo](
            _SEARCH,
            items=lambda response: response.traces or [],
            next_token=lambda response: response.next_page_token or None,
            arguments=lambda token: search_traces._get_kwargs(
                body=SearchTracesRequest(
                    locations=[
                        TraceLocation(
                            type_="MLFLOW_EXPERIMENT", mlflow_experiment=MlflowExperimentLocation(experiment_id=each)
                        )
                        for each in (["0"] if experiment_ids is None else experiment_ids)
                    ],
                    filter_=UNSET if filter is None else filter,
                    max_results=UNSET if max_results is None else max_results,
                    order_by=UNSET if order_by is None else order_by,
                    page_token=UNSET if token is None else token,
                )
            ),
            options=CallOptions(timeout, max_retries, extra_headers),
        )
        return fetch_page(self._calls, paging, page_token)

    def delete_tag(
        self,
        trace_id: str,
        *,
        key: str,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> None:
        """Delete a tag of a trace.

        Deletes the tag. Returns 404 if the trace has no such tag. The key must be in the query or in a JSON body.
        MLflow's servers read only the body, so a client of both kinds of server sends the body.

        Args:
            trace_id: The trace's id.
            key: The key of a tag.
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            Nothing.

        Raises:
            BadRequestError: The request is invalid. The message names the place and the reason.
            AuthenticationError: The API key is missing or unknown.
            PermissionDeniedError: The API key has no permission for the operation, or the request's origin is
                not allowed.
            NotFoundError: No object has this id, name or key.
            PayloadTooLargeError: The body, after decompression, is over the operation's limit. Nothing was
                stored.
            APIStatusError: The operation does not accept the body's Content-Type or Content-Encoding.
            RateLimitError: Too many requests. Try again after `Retry-After`.
            InternalServerError: The server failed. The request may be retried. Or: This server does not
                implement the operation, or its store does not support it.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> client.tracing.delete_tag("tr-179010ea7eb391b2a9c5c13625864ffc", key="kayba.folder")
        """
        self._calls.call(
            _DELETE_TAG,
            delete_trace_tag._get_kwargs(trace_id=trace_id, body=DeleteTraceTagRequest(key=key)),
            CallOptions(timeout, max_retries, extra_headers),
        )

    def set_tag(
        self,
        trace_id: str,
        *,
        key: str,
        value: str,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> None:
        """Set a tag of a trace.

        Adds the tag or replaces its value.

        Args:
            trace_id: The trace's id.
            key: The key of a tag.
            value: The tag's value.
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            Nothing.

        Raises:
            BadRequestError: The request is invalid. The message names the place and the reason.
            AuthenticationError: The API key is missing or unknown.
            PermissionDeniedError: The API key has no permission for the operation, or the request's origin is
                not allowed.
            NotFoundError: No object has this id, name or key.
            PayloadTooLargeError: The body, after decompression, is over the operation's limit. Nothing was
                stored.
            APIStatusError: The operation does not accept the body's Content-Type or Content-Encoding.
            RateLimitError: Too many requests. Try again after `Retry-After`.
            InternalServerError: The server failed. The request may be retried. Or: This server does not
                implement the operation, or its store does not support it.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> client.tracing.set_tag("tr-179010ea7eb391b2a9c5c13625864ffc", key="kayba.folder", value="reviewed")
        """
        self._calls.call(
            _SET_TAG,
            set_trace_tag._get_kwargs(trace_id=trace_id, body=SetTraceTagRequest(key=key, value=value)),
            CallOptions(timeout, max_retries, extra_headers),
        )

    def delete(
        self,
        *,
        experiment_id: str,
        request_ids: builtins.list[str] | None = None,
        max_timestamp_millis: int | None = None,
        max_traces: int | None = None,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> DeletedTraces:
        """Delete traces.

        Deletes traces of one experiment permanently: the traces in `request_ids`, or the oldest traces that started
        at or before `max_timestamp_millis`, at most `max_traces`. Unknown ids are ignored.

        Args:
            experiment_id: Decimal digits, as text.
            request_ids: The traces' ids.
            max_timestamp_millis: Milliseconds since 1970 (UTC).
            max_traces: Maximum number of traces to delete.
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            The number of deleted traces.

        Raises:
            BadRequestError: The request is invalid. The message names the place and the reason.
            AuthenticationError: The API key is missing or unknown.
            PermissionDeniedError: The API key has no permission for the operation, or the request's origin is
                not allowed.
            PayloadTooLargeError: The body, after decompression, is over the operation's limit. Nothing was
                stored.
            APIStatusError: The operation does not accept the body's Content-Type or Content-Encoding.
            RateLimitError: Too many requests. Try again after `Retry-After`.
            InternalServerError: The server failed. The request may be retried. Or: This server does not
                implement the operation, or its store does not support it.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> client.tracing.delete(experiment_id="0", request_ids=["tr-179010ea7eb391b2a9c5c13625864ffc"])
        """
        return self._calls.call(
            _DELETE,
            delete_traces._get_kwargs(
                body=DeleteTracesRequest(
                    experiment_id=experiment_id,
                    request_ids=UNSET if request_ids is None else request_ids,
                    max_timestamp_millis=UNSET if max_timestamp_millis is None else max_timestamp_millis,
                    max_traces=UNSET if max_traces is None else max_traces,
                )
            ),
            CallOptions(timeout, max_retries, extra_headers),
        )

    def create_assessment(
        self,
        trace_id: str,
        *,
        assessment: Assessment,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> AssessmentAnswer:
        """Assess a trace.

        Adds feedback on a trace or one of its spans, or its expected result.

        Args:
            trace_id: The trace's id.
            assessment: Feedback on a trace or span, or its expected result.
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            The assessment with its id.

        Raises:
            BadRequestError: The request is invalid. The message names the place and the reason.
            AuthenticationError: The API key is missing or unknown.
            PermissionDeniedError: The API key has no permission for the operation, or the request's origin is
                not allowed.
            NotFoundError: No object has this id, name or key.
            PayloadTooLargeError: The body, after decompression, is over the operation's limit. Nothing was
                stored.
            APIStatusError: The operation does not accept the body's Content-Type or Content-Encoding.
            RateLimitError: Too many requests. Try again after `Retry-After`.
            InternalServerError: The server failed. The request may be retried. Or: This server does not
                implement the operation, or its store does not support it.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> client.tracing.create_assessment(
            ...     "tr-179010ea7eb391b2a9c5c13625864ffc",
            ...     assessment=Assessment(
            ...         assessment_name="correct",
            ...         source=AssessmentSource(source_type="CODE", source_id="default"),
            ...         feedback=Feedback(value=True),
            ...         rationale="The answer names the right city.",
            ...     ),
            ... )
        """
        return self._calls.call(
            _CREATE_ASSESSMENT,
            create_assessment._get_kwargs(trace_id=trace_id, body=CreateAssessmentRequest(assessment=assessment)),
            CallOptions(timeout, max_retries, extra_headers),
        )

    def download_artifact(
        self,
        experiment_id: str,
        trace_id: str,
        *,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> TraceArtifact:
        """Get a trace's spans as a file.

        Returns the stored JSON document. MLflow's servers declare it as plain text.

        Args:
            experiment_id: The experiment that the trace belongs to.
            trace_id: The trace's id.
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            The file.

        Raises:
            BadRequestError: The request is invalid. The message names the place and the reason.
            AuthenticationError: The API key is missing or unknown.
            PermissionDeniedError: The API key has no permission for the operation, or the request's origin is
                not allowed.
            NotFoundError: No object has this id, name or key.
            RateLimitError: Too many requests. Try again after `Retry-After`.
            InternalServerError: The server failed. The request may be retried. Or: This server does not
                implement the operation, or its store does not support it.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> client.tracing.download_artifact("0", "tr-179010ea7eb391b2a9c5c13625864ffc")
        """
        return self._calls.call(
            _DOWNLOAD_ARTIFACT,
            download_trace_artifact._get_kwargs(experiment_id=experiment_id, trace_id=trace_id),
            CallOptions(timeout, max_retries, extra_headers),
        )

    def upload_artifact(
        self,
        experiment_id: str,
        trace_id: str,
        *,
        body: TraceArtifact | EncodedBody,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> None:
        """Store a trace's spans as a file.

        Stores a JSON document with all spans of a trace whose info exists, on servers that do not accept spans at
        `/mlflow/v1/traces`. MLflow's clients declare it as plain text. Sending it again replaces the spans.

        Args:
            experiment_id: The experiment that the trace belongs to.
            trace_id: The trace's id.
            body: All spans of a trace. Or its bytes.
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            Nothing.

        Raises:
            BadRequestError: The request is invalid. The message names the place and the reason.
            AuthenticationError: The API key is missing or unknown.
            PermissionDeniedError: The API key has no permission for the operation, or the request's origin is
                not allowed.
            NotFoundError: No object has this id, name or key.
            PayloadTooLargeError: The body, after decompression, is over the operation's limit. Nothing was
                stored.
            APIStatusError: The operation does not accept the body's Content-Type or Content-Encoding.
            RateLimitError: Too many requests. Try again after `Retry-After`.
            InternalServerError: The server failed. The request may be retried. Or: This server does not
                implement the operation, or its store does not support it.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> client.tracing.upload_artifact(
            ...     "0",
            ...     "tr-179010ea7eb391b2a9c5c13625864ffc",
            ...     body=TraceArtifact(
            ...         spans=[
            ...             ArtifactSpan(
            ...                 trace_id="F5AQ6n6zkbKpxcE2JYZP/A==",
            ...                 span_id="ozBxbY+7MUw=",
            ...                 parent_span_id=None,
            ...                 name="bad",
            ...                 start_time_unix_nano=1795369045938786534,
            ...                 end_time_unix_nano=1795369045940918844,
            ...                 events=[],
            ...                 status=JsonObject.from_dict(
            ...                     {"code": "STATUS_CODE_ERROR", "message": "ValueError: boom"}
            ...                 ),
            ...                 attributes=JsonObject.from_dict(
            ...                     {"mlflow.spanType": '"UNKNOWN"', "mlflow.spanInputs": '{"x": 1}'}
            ...                 ),
            ...                 links=[],
            ...             )
            ...         ]
            ...     ),
            ... )
        """
        self._calls.call(
            _UPLOAD_ARTIFACT,
            upload_trace_artifact._get_kwargs(experiment_id=experiment_id, trace_id=trace_id, body=body),
            CallOptions(timeout, max_retries, extra_headers),
        )


class AsyncTracingResource(AsyncResource):
    """Traces as trees of spans."""

    @cached_property
    def with_raw_response(self) -> AsyncTracingWithRawResponse:
        """The same methods, returning status and headers besides the result."""
        return AsyncTracingWithRawResponse(self)

    async def get_version(
        self,
        *,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> str:
        """Get the version of the tracing protocol.

        Returns the MLflow version that the tracing mount is compatible with, as text. Servers with version 3.4 or
        newer accept spans at `/mlflow/v1/traces`.

        Args:
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            The version. MLflow itself declares it as HTML.

        Raises:
            AuthenticationError: The API key is missing or unknown.
            PermissionDeniedError: The API key has no permission for the operation, or the request's origin is
                not allowed.
            RateLimitError: Too many requests. Try again after `Retry-After`.
            InternalServerError: The server failed. The request may be retried. Or: This server does not
                implement the operation, or its store does not support it.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> await client.tracing.get_version()
        """
        return await self._calls.call(
            _GET_VERSION, get_version._get_kwargs(), CallOptions(timeout, max_retries, extra_headers)
        )

    async def export(
        self,
        *,
        body: ExportTraceServiceRequest | EncodedBody,
        experiment_id: str,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> ExportTraceServiceResponse:
        """Send spans.

        Accepts OTLP/HTTP. A request may contain any number of spans of any number of traces. All of them are stored
        before the response is sent, and sending them again changes nothing. The body may be compressed (`Content-
        Encoding: gzip`) and may have at most 64 MiB uncompressed. The response has the encoding of the request.

        JSON is read as protobuf's JSON mapping defines: 64-bit integers may be text, enum values may be names, and
        null stands for an absent field. An invalid span costs itself only: the others are stored, and
        `partialSuccess` in the response has the number of rejected spans and the reasons. If all spans are invalid,
        the status is 400.

        These attributes have a meaning for a trace: `mlflow.spanInputs` and `mlflow.spanOutputs` (JSON in a
        string), `mlflow.spanType` and `mlflow.spanFunctionName`. On the root span, `mlflow.traceTag.<key>` becomes
        the trace's tag `<key>`, `mlflow.traceTag.mlflow.traceName` becomes its name, `mlflow.traceMetadata.<key>`
        becomes the metadata `<key>`, and `session.id` and `user.id` become metadata. While a trace has no root
        span, its earliest span without a stored parent takes that place. An event named `exception` contains an
        exception.

        A server that does not accept spans returns 501. On such a server, create the trace with `createTraceInfo`
        and send its spans with `uploadTraceArtifact`.

        Args:
            body: Spans, grouped by their sources. Or its bytes.
            experiment_id: The experiment that the traces belong to.
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            The spans have been stored. The message is empty unless some spans were rejected.

        Raises:
            BadRequestError: The request is invalid. The message names the place and the reason.
            AuthenticationError: The API key is missing or unknown.
            PermissionDeniedError: The API key has no permission for the operation, or the request's origin is
                not allowed.
            NotFoundError: No object has this id, name or key.
            PayloadTooLargeError: The body, after decompression, is over the operation's limit. Nothing was
                stored.
            APIStatusError: The operation does not accept the body's Content-Type or Content-Encoding.
            RateLimitError: Too many requests. Try again after `Retry-After`.
            InternalServerError: The server failed. The request may be retried. Or: This server does not
                implement the operation, or its store does not support it.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> await client.tracing.export(
            ...     body=ExportTraceServiceRequest(
            ...         resource_spans=[
            ...             ResourceSpans(
            ...                 resource=Resource(
            ...                     attributes=[
            ...                         KeyValue(key="service.name", value=AnyValue(string_value="support-agent"))
            ...                     ]
            ...                 ),
            ...                 scope_spans=[
            ...                     ScopeSpans(
            ...                         scope=InstrumentationScope(name="ace_tracing"),
            ...                         spans=[
            ...                             OtlpSpan(
            ...                                 trace_id="179010ea7eb391b2a9c5c13625864ffc",
            ...                                 span_id="ec083fa9d564970f",
            ...                                 name="agent",
            ...                                 kind=1,
            ...                                 start_time_unix_nano="1795369083497015170",
            ...                                 end_time_unix_nano="1795369083498015170",
            ...                                 attributes=[
            ...                                     KeyValue(
            ...                                         key="mlflow.spanType", value=AnyValue(string_value="AGENT")
            ...                                     ),
            ...                                     KeyValue(
            ...                                         key="mlflow.spanInputs",
            ...                                         value=AnyValue(string_value='{"query": "hi", "n": 3}'),
            ...                                     ),
            ...                                     KeyValue(
            ...                                         key="mlflow.spanOutputs", value=AnyValue(string_value='["a"]')
            ...                                     ),
            ...                                     KeyValue(
            ...                                         key="mlflow.traceTag.kayba.folder",
            ...                                         value=AnyValue(string_value="production"),
            ...                                     ),
            ...                                     KeyValue(
            ...                                         key="mlflow.traceTag.mlflow.traceName",
            ...                                         value=AnyValue(string_value="agent"),
            ...                                     ),
            ...                                 ],
            ...                                 status=OtlpStatus(code=1),
            ...                             ),
            ...                             OtlpSpan(
            ...                                 trace_id="179010ea7eb391b2a9c5c13625864ffc",
            ...                                 span_id="47844d9d8171cc8a",
            ...                                 parent_span_id="ec083fa9d564970f",
            ...                                 name="child",
            ...                                 kind=1,
            ...                                 start_time_unix_nano="1795369083497015180",
            ...                                 end_time_unix_nano="1795369083497016170",
            ...                                 status=OtlpStatus(code=1),
            ...                             ),
            ...                         ],
            ...                     )
            ...                 ],
            ...             )
            ...         ]
            ...     ),
            ...     experiment_id="0",
            ... )
        """
        return await self._calls.call(
            _EXPORT,
            export_traces._get_kwargs(body=body, x_mlflow_experiment_id=experiment_id),
            CallOptions(timeout, max_retries, extra_headers),
        )

    async def create_info(
        self,
        *,
        trace: NewTrace,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> TraceInfoAnswer:
        """Create or replace a trace's info.

        Stores the data of a trace except its spans. Returns the stored info, with the server's own tags added
        (`mlflow.artifactLocation`, `mlflow.trace.spansLocation`).

        Args:
            trace: A trace to create or replace, without its spans.
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            The stored info.

        Raises:
            BadRequestError: The request is invalid. The message names the place and the reason.
            AuthenticationError: The API key is missing or unknown.
            PermissionDeniedError: The API key has no permission for the operation, or the request's origin is
                not allowed.
            NotFoundError: No object has this id, name or key.
            PayloadTooLargeError: The body, after decompression, is over the operation's limit. Nothing was
                stored.
            APIStatusError: The operation does not accept the body's Content-Type or Content-Encoding.
            RateLimitError: Too many requests. Try again after `Retry-After`.
            InternalServerError: The server failed. The request may be retried. Or: This server does not
                implement the operation, or its store does not support it.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> await client.tracing.create_info(
            ...     trace=NewTrace(
            ...         trace_info=NewTraceInfo(
            ...             trace_id="tr-824d9766f4f062ec0513593567412ca5",
            ...             trace_location=TraceLocation(
            ...                 type_="MLFLOW_EXPERIMENT", mlflow_experiment=MlflowExperimentLocation(experiment_id="0")
            ...             ),
            ...             request_time=datetime.datetime.fromisoformat("2026-11-22T17:37:25.867Z"),
            ...             execution_duration="0.071s",
            ...             state="OK",
            ...             trace_metadata=NewTraceMetadata.from_dict(
            ...                 {
            ...                     "mlflow.trace_schema.version": "3",
            ...                     "mlflow.traceInputs": '{"query": "What is the capital of France?"}',
            ...                     "mlflow.traceOutputs": '"Paris"',
            ...                 }
            ...             ),
            ...             tags=NewTraceTags.from_dict({"kayba.folder": "production", "mlflow.traceName": "agent"}),
            ...             request_preview='{"query": "What is the capital of France?"}',
            ...             response_preview='"Paris"',
            ...         )
            ...     )
            ... )
        """
        return await self._calls.call(
            _CREATE_INFO,
            create_trace_info._get_kwargs(body=CreateTraceInfoRequest(trace=trace)),
            CallOptions(timeout, max_retries, extra_headers),
        )

    async def get_info(
        self,
        trace_id: str,
        *,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> TraceInfoAnswer:
        """Get a trace's info.

        The data of a trace except its spans.

        Args:
            trace_id: The trace's id.
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            The trace's info.

        Raises:
            BadRequestError: The request is invalid. The message names the place and the reason.
            AuthenticationError: The API key is missing or unknown.
            PermissionDeniedError: The API key has no permission for the operation, or the request's origin is
                not allowed.
            NotFoundError: No object has this id, name or key.
            RateLimitError: Too many requests. Try again after `Retry-After`.
            InternalServerError: The server failed. The request may be retried. Or: This server does not
                implement the operation, or its store does not support it.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> await client.tracing.get_info("tr-179010ea7eb391b2a9c5c13625864ffc")
        """
        return await self._calls.call(
            _GET_INFO, get_trace_info._get_kwargs(trace_id=trace_id), CallOptions(timeout, max_retries, extra_headers)
        )

    async def get(
        self,
        trace_id: str,
        *,
        allow_partial: bool | None = None,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> TraceAnswer:
        """Get a trace with its spans.

        Returns a trace's info and all its spans, in the order of their start.

        Args:
            trace_id: The trace's id.
            allow_partial: If `true`, a trace may be returned before all its spans have arrived. `true` or
                `false`, in upper or lower case.
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            The trace.

        Raises:
            BadRequestError: The request is invalid. The message names the place and the reason.
            AuthenticationError: The API key is missing or unknown.
            PermissionDeniedError: The API key has no permission for the operation, or the request's origin is
                not allowed.
            NotFoundError: No object has this id, name or key.
            RateLimitError: Too many requests. Try again after `Retry-After`.
            InternalServerError: The server failed. The request may be retried. Or: This server does not
                implement the operation, or its store does not support it.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> await client.tracing.get("tr-179010ea7eb391b2a9c5c13625864ffc", allow_partial=True)
        """
        return await self._calls.call(
            _GET,
            get_trace._get_kwargs(trace_id=trace_id, allow_partial=UNSET if allow_partial is None else allow_partial),
            CallOptions(timeout, max_retries, extra_headers),
        )

    async def batch_get(
        self,
        trace_ids: builtins.list[str],
        *,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> TraceBatch:
        """Get several traces with their spans.

        Returns traces in the order of the ids. Unknown ids are omitted. If all ids are unknown, the response is an
        empty object.

        Args:
            trace_ids: The traces' ids, one parameter for each.
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            The traces that were found.

        Raises:
            BadRequestError: The request is invalid. The message names the place and the reason.
            AuthenticationError: The API key is missing or unknown.
            PermissionDeniedError: The API key has no permission for the operation, or the request's origin is
                not allowed.
            RateLimitError: Too many requests. Try again after `Retry-After`.
            InternalServerError: The server failed. The request may be retried. Or: This server does not
                implement the operation, or its store does not support it.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> await client.tracing.batch_get(
            ...     ["tr-179010ea7eb391b2a9c5c13625864ffc", "tr-1b145ca31feddafd64c1a169c030c1d8"]
            ... )
        """
        return await self._calls.call(
            _BATCH_GET,
            batch_get_traces._get_kwargs(trace_ids=trace_ids),
            CallOptions(timeout, max_retries, extra_headers),
        )

    def search(
        self,
        *,
        experiment_ids: builtins.list[str] | None = None,
        filter: str | None = None,
        max_results: int | None = None,
        order_by: builtins.list[str] | None = None,
        page_token: str | None = None,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> AsyncPages[TraceInfo]:
        """Search traces.

        Returns the infos of traces in pages, newest first unless another order is given. The filter joins
        conditions with `AND`: tags (``tags.`kayba.folder` = 'production'``), `status`, `name`, `timestamp_ms`.
        Without matches, the response is an empty object. The last page has no `next_page_token`.

        Iterate over the result to get all traces, page by page.

        Args:
            experiment_ids: The ids of the experiments to search. Default: experiment `0`.
            filter: Conditions joined with `AND`.
            max_results: Maximum number of traces in a page. Default: 100.
            order_by: Fields to sort by, each with `ASC` or `DESC`.
            page_token: The `next_page_token` of the previous page.
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            A list: `await` it for its first page, or iterate over it with `async for`.

        Raises:
            BadRequestError: The request is invalid. The message names the place and the reason.
            AuthenticationError: The API key is missing or unknown.
            PermissionDeniedError: The API key has no permission for the operation, or the request's origin is
                not allowed.
            PayloadTooLargeError: The body, after decompression, is over the operation's limit. Nothing was
                stored.
            APIStatusError: The operation does not accept the body's Content-Type or Content-Encoding.
            RateLimitError: Too many requests. Try again after `Retry-After`.
            InternalServerError: The server failed. The request may be retried. Or: This server does not
                implement the operation, or its store does not support it.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> async for item in client.tracing.search(
            ...     experiment_ids=["0"],
            ...     filter="tags.`kayba.folder` = 'production'",
            ...     max_results=3,
            ...     order_by=["timestamp_ms DESC"],
            ... ):
            ...     print(item)
        """
        paging = Paging[TraceInfo](
            _SEARCH,
            items=lambda response: response.traces or [],
            next_token=lambda response: response.next_page_token or None,
            arguments=lambda token: search_traces._get_kwargs(
                body=SearchTracesRequest(
                    locations=[
                        TraceLocation(
                            type_="MLFLOW_EXPERIMENT", mlflow_experiment=MlflowExperimentLocation(experiment_id=each)
                        )
                        for each in (["0"] if experiment_ids is None else experiment_ids)
                    ],
                    filter_=UNSET if filter is None else filter,
                    max_results=UNSET if max_results is None else max_results,
                    order_by=UNSET if order_by is None else order_by,
                    page_token=UNSET if token is None else token,
                )
            ),
            options=CallOptions(timeout, max_retries, extra_headers),
        )
        return AsyncPages(self._calls, paging, page_token)

    async def delete_tag(
        self,
        trace_id: str,
        *,
        key: str,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> None:
        """Delete a tag of a trace.

        Deletes the tag. Returns 404 if the trace has no such tag. The key must be in the query or in a JSON body.
        MLflow's servers read only the body, so a client of both kinds of server sends the body.

        Args:
            trace_id: The trace's id.
            key: The key of a tag.
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            Nothing.

        Raises:
            BadRequestError: The request is invalid. The message names the place and the reason.
            AuthenticationError: The API key is missing or unknown.
            PermissionDeniedError: The API key has no permission for the operation, or the request's origin is
                not allowed.
            NotFoundError: No object has this id, name or key.
            PayloadTooLargeError: The body, after decompression, is over the operation's limit. Nothing was
                stored.
            APIStatusError: The operation does not accept the body's Content-Type or Content-Encoding.
            RateLimitError: Too many requests. Try again after `Retry-After`.
            InternalServerError: The server failed. The request may be retried. Or: This server does not
                implement the operation, or its store does not support it.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> await client.tracing.delete_tag("tr-179010ea7eb391b2a9c5c13625864ffc", key="kayba.folder")
        """
        await self._calls.call(
            _DELETE_TAG,
            delete_trace_tag._get_kwargs(trace_id=trace_id, body=DeleteTraceTagRequest(key=key)),
            CallOptions(timeout, max_retries, extra_headers),
        )

    async def set_tag(
        self,
        trace_id: str,
        *,
        key: str,
        value: str,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> None:
        """Set a tag of a trace.

        Adds the tag or replaces its value.

        Args:
            trace_id: The trace's id.
            key: The key of a tag.
            value: The tag's value.
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            Nothing.

        Raises:
            BadRequestError: The request is invalid. The message names the place and the reason.
            AuthenticationError: The API key is missing or unknown.
            PermissionDeniedError: The API key has no permission for the operation, or the request's origin is
                not allowed.
            NotFoundError: No object has this id, name or key.
            PayloadTooLargeError: The body, after decompression, is over the operation's limit. Nothing was
                stored.
            APIStatusError: The operation does not accept the body's Content-Type or Content-Encoding.
            RateLimitError: Too many requests. Try again after `Retry-After`.
            InternalServerError: The server failed. The request may be retried. Or: This server does not
                implement the operation, or its store does not support it.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> await client.tracing.set_tag(
            ...     "tr-179010ea7eb391b2a9c5c13625864ffc", key="kayba.folder", value="reviewed"
            ... )
        """
        await self._calls.call(
            _SET_TAG,
            set_trace_tag._get_kwargs(trace_id=trace_id, body=SetTraceTagRequest(key=key, value=value)),
            CallOptions(timeout, max_retries, extra_headers),
        )

    async def delete(
        self,
        *,
        experiment_id: str,
        request_ids: builtins.list[str] | None = None,
        max_timestamp_millis: int | None = None,
        max_traces: int | None = None,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> DeletedTraces:
        """Delete traces.

        Deletes traces of one experiment permanently: the traces in `request_ids`, or the oldest traces that started
        at or before `max_timestamp_millis`, at most `max_traces`. Unknown ids are ignored.

        Args:
            experiment_id: Decimal digits, as text.
            request_ids: The traces' ids.
            max_timestamp_millis: Milliseconds since 1970 (UTC).
            max_traces: Maximum number of traces to delete.
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            The number of deleted traces.

        Raises:
            BadRequestError: The request is invalid. The message names the place and the reason.
            AuthenticationError: The API key is missing or unknown.
            PermissionDeniedError: The API key has no permission for the operation, or the request's origin is
                not allowed.
            PayloadTooLargeError: The body, after decompression, is over the operation's limit. Nothing was
                stored.
            APIStatusError: The operation does not accept the body's Content-Type or Content-Encoding.
            RateLimitError: Too many requests. Try again after `Retry-After`.
            InternalServerError: The server failed. The request may be retried. Or: This server does not
                implement the operation, or its store does not support it.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> await client.tracing.delete(experiment_id="0", request_ids=["tr-179010ea7eb391b2a9c5c13625864ffc"])
        """
        return await self._calls.call(
            _DELETE,
            delete_traces._get_kwargs(
                body=DeleteTracesRequest(
                    experiment_id=experiment_id,
                    request_ids=UNSET if request_ids is None else request_ids,
                    max_timestamp_millis=UNSET if max_timestamp_millis is None else max_timestamp_millis,
                    max_traces=UNSET if max_traces is None else max_traces,
                )
            ),
            CallOptions(timeout, max_retries, extra_headers),
        )

    async def create_assessment(
        self,
        trace_id: str,
        *,
        assessment: Assessment,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> AssessmentAnswer:
        """Assess a trace.

        Adds feedback on a trace or one of its spans, or its expected result.

        Args:
            trace_id: The trace's id.
            assessment: Feedback on a trace or span, or its expected result.
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            The assessment with its id.

        Raises:
            BadRequestError: The request is invalid. The message names the place and the reason.
            AuthenticationError: The API key is missing or unknown.
            PermissionDeniedError: The API key has no permission for the operation, or the request's origin is
                not allowed.
            NotFoundError: No object has this id, name or key.
            PayloadTooLargeError: The body, after decompression, is over the operation's limit. Nothing was
                stored.
            APIStatusError: The operation does not accept the body's Content-Type or Content-Encoding.
            RateLimitError: Too many requests. Try again after `Retry-After`.
            InternalServerError: The server failed. The request may be retried. Or: This server does not
                implement the operation, or its store does not support it.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> await client.tracing.create_assessment(
            ...     "tr-179010ea7eb391b2a9c5c13625864ffc",
            ...     assessment=Assessment(
            ...         assessment_name="correct",
            ...         source=AssessmentSource(source_type="CODE", source_id="default"),
            ...         feedback=Feedback(value=True),
            ...         rationale="The answer names the right city.",
            ...     ),
            ... )
        """
        return await self._calls.call(
            _CREATE_ASSESSMENT,
            create_assessment._get_kwargs(trace_id=trace_id, body=CreateAssessmentRequest(assessment=assessment)),
            CallOptions(timeout, max_retries, extra_headers),
        )

    async def download_artifact(
        self,
        experiment_id: str,
        trace_id: str,
        *,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> TraceArtifact:
        """Get a trace's spans as a file.

        Returns the stored JSON document. MLflow's servers declare it as plain text.

        Args:
            experiment_id: The experiment that the trace belongs to.
            trace_id: The trace's id.
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            The file.

        Raises:
            BadRequestError: The request is invalid. The message names the place and the reason.
            AuthenticationError: The API key is missing or unknown.
            PermissionDeniedError: The API key has no permission for the operation, or the request's origin is
                not allowed.
            NotFoundError: No object has this id, name or key.
            RateLimitError: Too many requests. Try again after `Retry-After`.
            InternalServerError: The server failed. The request may be retried. Or: This server does not
                implement the operation, or its store does not support it.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> await client.tracing.download_artifact("0", "tr-179010ea7eb391b2a9c5c13625864ffc")
        """
        return await self._calls.call(
            _DOWNLOAD_ARTIFACT,
            download_trace_artifact._get_kwargs(experiment_id=experiment_id, trace_id=trace_id),
            CallOptions(timeout, max_retries, extra_headers),
        )

    async def upload_artifact(
        self,
        experiment_id: str,
        trace_id: str,
        *,
        body: TraceArtifact | EncodedBody,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> None:
        """Store a trace's spans as a file.

        Stores a JSON document with all spans of a trace whose info exists, on servers that do not accept spans at
        `/mlflow/v1/traces`. MLflow's clients declare it as plain text. Sending it again replaces the spans.

        Args:
            experiment_id: The experiment that the trace belongs to.
            trace_id: The trace's id.
            body: All spans of a trace. Or its bytes.
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            Nothing.

        Raises:
            BadRequestError: The request is invalid. The message names the place and the reason.
            AuthenticationError: The API key is missing or unknown.
            PermissionDeniedError: The API key has no permission for the operation, or the request's origin is
                not allowed.
            NotFoundError: No object has this id, name or key.
            PayloadTooLargeError: The body, after decompression, is over the operation's limit. Nothing was
                stored.
            APIStatusError: The operation does not accept the body's Content-Type or Content-Encoding.
            RateLimitError: Too many requests. Try again after `Retry-After`.
            InternalServerError: The server failed. The request may be retried. Or: This server does not
                implement the operation, or its store does not support it.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> await client.tracing.upload_artifact(
            ...     "0",
            ...     "tr-179010ea7eb391b2a9c5c13625864ffc",
            ...     body=TraceArtifact(
            ...         spans=[
            ...             ArtifactSpan(
            ...                 trace_id="F5AQ6n6zkbKpxcE2JYZP/A==",
            ...                 span_id="ozBxbY+7MUw=",
            ...                 parent_span_id=None,
            ...                 name="bad",
            ...                 start_time_unix_nano=1795369045938786534,
            ...                 end_time_unix_nano=1795369045940918844,
            ...                 events=[],
            ...                 status=JsonObject.from_dict(
            ...                     {"code": "STATUS_CODE_ERROR", "message": "ValueError: boom"}
            ...                 ),
            ...                 attributes=JsonObject.from_dict(
            ...                     {"mlflow.spanType": '"UNKNOWN"', "mlflow.spanInputs": '{"x": 1}'}
            ...                 ),
            ...                 links=[],
            ...             )
            ...         ]
            ...     ),
            ... )
        """
        await self._calls.call(
            _UPLOAD_ARTIFACT,
            upload_trace_artifact._get_kwargs(experiment_id=experiment_id, trace_id=trace_id, body=body),
            CallOptions(timeout, max_retries, extra_headers),
        )


class TracingWithRawResponse:
    """The methods of `TracingResource`, each returning a `RawResponse`."""

    def __init__(self, resource: TracingResource) -> None:
        self.get_version = to_raw_response_wrapper(resource, TracingResource.get_version)
        self.export = to_raw_response_wrapper(resource, TracingResource.export)
        self.create_info = to_raw_response_wrapper(resource, TracingResource.create_info)
        self.get_info = to_raw_response_wrapper(resource, TracingResource.get_info)
        self.get = to_raw_response_wrapper(resource, TracingResource.get)
        self.batch_get = to_raw_response_wrapper(resource, TracingResource.batch_get)
        self.search = to_raw_response_wrapper(resource, TracingResource.search)
        self.delete_tag = to_raw_response_wrapper(resource, TracingResource.delete_tag)
        self.set_tag = to_raw_response_wrapper(resource, TracingResource.set_tag)
        self.delete = to_raw_response_wrapper(resource, TracingResource.delete)
        self.create_assessment = to_raw_response_wrapper(resource, TracingResource.create_assessment)
        self.download_artifact = to_raw_response_wrapper(resource, TracingResource.download_artifact)
        self.upload_artifact = to_raw_response_wrapper(resource, TracingResource.upload_artifact)


class AsyncTracingWithRawResponse:
    """The methods of `AsyncTracingResource`, each returning a `RawResponse`."""

    def __init__(self, resource: AsyncTracingResource) -> None:
        self.get_version = async_to_raw_response_wrapper(resource, AsyncTracingResource.get_version)
        self.export = async_to_raw_response_wrapper(resource, AsyncTracingResource.export)
        self.create_info = async_to_raw_response_wrapper(resource, AsyncTracingResource.create_info)
        self.get_info = async_to_raw_response_wrapper(resource, AsyncTracingResource.get_info)
        self.get = async_to_raw_response_wrapper(resource, AsyncTracingResource.get)
        self.batch_get = async_to_raw_response_wrapper(resource, AsyncTracingResource.batch_get)
        self.search = async_to_raw_response_wrapper(resource, AsyncTracingResource.search)
        self.delete_tag = async_to_raw_response_wrapper(resource, AsyncTracingResource.delete_tag)
        self.set_tag = async_to_raw_response_wrapper(resource, AsyncTracingResource.set_tag)
        self.delete = async_to_raw_response_wrapper(resource, AsyncTracingResource.delete)
        self.create_assessment = async_to_raw_response_wrapper(resource, AsyncTracingResource.create_assessment)
        self.download_artifact = async_to_raw_response_wrapper(resource, AsyncTracingResource.download_artifact)
        self.upload_artifact = async_to_raw_response_wrapper(resource, AsyncTracingResource.upload_artifact)
