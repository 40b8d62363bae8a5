# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
"""Transcripts of agents, uploaded as files."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Final

import httpx

from .._batch_upload import BatchUpload, upload_in_batches
from .._call_steps import CallOptions, Operation
from .._calls import AsyncResource, Resource
from .._pages import AsyncPages, Page, Paging, fetch_page
from .._raw_response import async_to_raw_response_wrapper, to_raw_response_wrapper
from ..api.traces import (
    batch_get_trace_files,
    delete_trace_file,
    get_trace_file,
    list_trace_files,
    upload_trace_files,
)
from ..models.batch_get_trace_files_request import BatchGetTraceFilesRequest
from ..models.empty import Empty
from ..models.new_trace_file import NewTraceFile
from ..models.trace_file import TraceFile
from ..models.trace_file_batch import TraceFileBatch
from ..models.trace_file_list import TraceFileList
from ..models.trace_file_with_content import TraceFileWithContent
from ..models.upload_trace_files_request import UploadTraceFilesRequest
from ..models.upload_trace_files_result import UploadTraceFilesResult

_LIST: Final = Operation[TraceFileList](
    parse=list_trace_files._parse_response,
    expected=(TraceFileList,),
    idempotent=True,
    conflict_is_final=False,
)

_UPLOAD: Final = Operation[UploadTraceFilesResult](
    parse=upload_trace_files._parse_response,
    expected=(UploadTraceFilesResult,),
    idempotent=False,
    conflict_is_final=False,
)


def _merge_upload_results(results: list[UploadTraceFilesResult]) -> UploadTraceFilesResult:
    return UploadTraceFilesResult(
        count=sum(result.count for result in results),
        traces=[item for result in results for item in result.traces],
    )


_GET: Final = Operation[TraceFileWithContent](
    parse=get_trace_file._parse_response,
    expected=(TraceFileWithContent,),
    idempotent=True,
    conflict_is_final=False,
)

_DELETE: Final = Operation[None](
    parse=delete_trace_file._parse_response,
    expected=(
        Empty,
        type(None),
    ),
    idempotent=True,
    conflict_is_final=False,
)

_BATCH_GET: Final = Operation[TraceFileBatch](
    parse=batch_get_trace_files._parse_response,
    expected=(TraceFileBatch,),
    idempotent=True,
    conflict_is_final=False,
)


class TracesResource(Resource):
    """Transcripts of agents, uploaded as files."""

    @cached_property
    def with_raw_response(self) -> TracesWithRawResponse:
        """The same methods, returning status and headers besides the result."""
        return TracesWithRawResponse(self)

    def list(
        self,
        *,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Page[TraceFile]:
        """List trace files.

        Returns the names and sizes of all uploaded trace files, newest first, without their content.

        Iterate over the result to get all traces.

        Args:
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            The first page. Iterating over it also fetches the later pages.

        Raises:
            AuthenticationError: The API key is missing or unknown.
            PermissionDeniedError: The API key has no permission for the operation, or the request's origin is
                not allowed.
            RateLimitError: Too many requests. Try again after `Retry-After`.
            InternalServerError: The server failed. The request may be retried. Or: This server does not
                implement the operation.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> for item in client.traces.list():
            ...     print(item)
        """
        paging = Paging[TraceFile](
            _LIST,
            items=lambda response: response.traces or [],
            next_token=lambda _: None,
            arguments=lambda _: list_trace_files._get_kwargs(),
            options=CallOptions(timeout, max_retries, extra_headers),
        )
        return fetch_page(self._calls, paging)

    def upload(
        self,
        *,
        traces: Iterable[NewTraceFile],
        on_progress: Callable[[int, int], object] | None = None,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> UploadTraceFilesResult:
        """Upload trace files.

        Stores one or more transcripts: all of them or none. The body may have at most 1,000,000 bytes; split a
        larger upload into several requests. Files of more than 350,000 characters are stored, but are too long for
        a good analysis.

        Any number of traces is allowed: they are sent in as many requests as the limits require.

        Args:
            traces: A trace file to upload.
            on_progress: Called after each request with the number of traces sent so far and the total.
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            The stored trace files, in the order of the request.

        Raises:
            BadRequestError: The request is invalid. The message names the place and the reason.
            AuthenticationError: The API key is missing or unknown.
            PermissionDeniedError: The API key has no permission for the operation, or the request's origin is
                not allowed.
            PayloadTooLargeError: The body is over the operation's limit. Nothing was stored.
            APIStatusError: The operation does not accept the body's Content-Type or Content-Encoding.
            RateLimitError: Too many requests. Try again after `Retry-After`.
            InternalServerError: The server failed. The request may be retried. Or: This server does not
                implement the operation.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> client.traces.upload(
            ...     traces=[
            ...         NewTraceFile(
            ...             filename="support-2026-11-22.md",
            ...             content="# User\\nWhere is my order?\\n# Agent\\nIt left the warehouse this morning.\\n",
            ...             file_type="md",
            ...         )
            ...     ]
            ... )
        """
        return self._calls.run(
            upload_in_batches(
                BatchUpload[NewTraceFile, UploadTraceFilesResult](
                    _UPLOAD,
                    arguments=lambda batch: upload_trace_files._get_kwargs(body=UploadTraceFilesRequest(traces=batch)),
                    merge=_merge_upload_results,
                    max_bytes=1000000,
                    max_items=1000,
                ),
                traces,
                CallOptions(timeout, max_retries, extra_headers),
                self._calls.max_retries,
                on_progress,
            )
        )

    def get(
        self,
        id: str,
        *,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> TraceFileWithContent:
        """Get a trace file.

        Returns one trace file with its content.

        Args:
            id: The trace file's id.
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            The trace file.

        Raises:
            BadRequestError: The request is invalid. The message names the place and the reason.
            AuthenticationError: The API key is missing or unknown.
            PermissionDeniedError: The API key has no permission for the operation, or the request's origin is
                not allowed.
            NotFoundError: No object has this id.
            RateLimitError: Too many requests. Try again after `Retry-After`.
            InternalServerError: The server failed. The request may be retried. Or: This server does not
                implement the operation.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> client.traces.get("7f3c9a52e1d84b06")
        """
        return self._calls.call(
            _GET, get_trace_file._get_kwargs(id=id), CallOptions(timeout, max_retries, extra_headers)
        )

    def delete(
        self,
        id: str,
        *,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> None:
        """Delete a trace file.

        Deletes a trace file permanently. Returns 204; some servers return 200 with a JSON object.

        Args:
            id: The trace file's id.
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
            NotFoundError: No object has this id.
            RateLimitError: Too many requests. Try again after `Retry-After`.
            InternalServerError: The server failed. The request may be retried. Or: This server does not
                implement the operation.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> client.traces.delete("7f3c9a52e1d84b06")
        """
        self._calls.call(
            _DELETE, delete_trace_file._get_kwargs(id=id), CallOptions(timeout, max_retries, extra_headers)
        )

    def batch_get(
        self,
        *,
        ids: builtins.list[str],
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> TraceFileBatch:
        """Get several trace files.

        Returns trace files with their content, in the order of the ids. Unknown ids are omitted.

        Args:
            ids: An opaque id.
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            The trace files that were found.

        Raises:
            BadRequestError: The request is invalid. The message names the place and the reason.
            AuthenticationError: The API key is missing or unknown.
            PermissionDeniedError: The API key has no permission for the operation, or the request's origin is
                not allowed.
            PayloadTooLargeError: The body is over the operation's limit. Nothing was stored.
            APIStatusError: The operation does not accept the body's Content-Type or Content-Encoding.
            RateLimitError: Too many requests. Try again after `Retry-After`.
            InternalServerError: The server failed. The request may be retried. Or: This server does not
                implement the operation.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> client.traces.batch_get(ids=["7f3c9a52e1d84b06"])
        """
        return self._calls.call(
            _BATCH_GET,
            batch_get_trace_files._get_kwargs(body=BatchGetTraceFilesRequest(ids=ids)),
            CallOptions(timeout, max_retries, extra_headers),
        )


class AsyncTracesResource(AsyncResource):
    """Transcripts of agents, uploaded as files."""

    @cached_property
    def with_raw_response(self) -> AsyncTracesWithRawResponse:
        """The same methods, returning status and headers besides the result."""
        return AsyncTracesWithRawResponse(self)

    def list(
        self,
        *,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> AsyncPages[TraceFile]:
        """List trace files.

        Returns the names and sizes of all uploaded trace files, newest first, without their content.

        Iterate over the result to get all traces.

        Args:
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            A list: `await` it for its first page, or iterate over it with `async for`.

        Raises:
            AuthenticationError: The API key is missing or unknown.
            PermissionDeniedError: The API key has no permission for the operation, or the request's origin is
                not allowed.
            RateLimitError: Too many requests. Try again after `Retry-After`.
            InternalServerError: The server failed. The request may be retried. Or: This server does not
                implement the operation.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> async for item in client.traces.list():
            ...     print(item)
        """
        paging = Paging[TraceFile](
            _LIST,
            items=lambda response: response.traces or [],
            next_token=lambda _: None,
            arguments=lambda _: list_trace_files._get_kwargs(),
            options=CallOptions(timeout, max_retries, extra_headers),
        )
        return AsyncPages(self._calls, paging)

    async def upload(
        self,
        *,
        traces: Iterable[NewTraceFile],
        on_progress: Callable[[int, int], object] | None = None,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> UploadTraceFilesResult:
        """Upload trace files.

        Stores one or more transcripts: all of them or none. The body may have at most 1,000,000 bytes; split a
        larger upload into several requests. Files of more than 350,000 characters are stored, but are too long for
        a good analysis.

        Any number of traces is allowed: they are sent in as many requests as the limits require.

        Args:
            traces: A trace file to upload.
            on_progress: Called after each request with the number of traces sent so far and the total.
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            The stored trace files, in the order of the request.

        Raises:
            BadRequestError: The request is invalid. The message names the place and the reason.
            AuthenticationError: The API key is missing or unknown.
            PermissionDeniedError: The API key has no permission for the operation, or the request's origin is
                not allowed.
            PayloadTooLargeError: The body is over the operation's limit. Nothing was stored.
            APIStatusError: The operation does not accept the body's Content-Type or Content-Encoding.
            RateLimitError: Too many requests. Try again after `Retry-After`.
            InternalServerError: The server failed. The request may be retried. Or: This server does not
                implement the operation.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> await client.traces.upload(
            ...     traces=[
            ...         NewTraceFile(
            ...             filename="support-2026-11-22.md",
            ...             content="# User\\nWhere is my order?\\n# Agent\\nIt left the warehouse this morning.\\n",
            ...             file_type="md",
            ...         )
            ...     ]
            ... )
        """
        return await self._calls.run(
            upload_in_batches(
                BatchUpload[NewTraceFile, UploadTraceFilesResult](
                    _UPLOAD,
                    arguments=lambda batch: upload_trace_files._get_kwargs(body=UploadTraceFilesRequest(traces=batch)),
                    merge=_merge_upload_results,
                    max_bytes=1000000,
                    max_items=1000,
                ),
                traces,
                CallOptions(timeout, max_retries, extra_headers),
                self._calls.max_retries,
                on_progress,
            )
        )

    async def get(
        self,
        id: str,
        *,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> TraceFileWithContent:
        """Get a trace file.

        Returns one trace file with its content.

        Args:
            id: The trace file's id.
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            The trace file.

        Raises:
            BadRequestError: The request is invalid. The message names the place and the reason.
            AuthenticationError: The API key is missing or unknown.
            PermissionDeniedError: The API key has no permission for the operation, or the request's origin is
                not allowed.
            NotFoundError: No object has this id.
            RateLimitError: Too many requests. Try again after `Retry-After`.
            InternalServerError: The server failed. The request may be retried. Or: This server does not
                implement the operation.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> await client.traces.get("7f3c9a52e1d84b06")
        """
        return await self._calls.call(
            _GET, get_trace_file._get_kwargs(id=id), CallOptions(timeout, max_retries, extra_headers)
        )

    async def delete(
        self,
        id: str,
        *,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> None:
        """Delete a trace file.

        Deletes a trace file permanently. Returns 204; some servers return 200 with a JSON object.

        Args:
            id: The trace file's id.
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
            NotFoundError: No object has this id.
            RateLimitError: Too many requests. Try again after `Retry-After`.
            InternalServerError: The server failed. The request may be retried. Or: This server does not
                implement the operation.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> await client.traces.delete("7f3c9a52e1d84b06")
        """
        await self._calls.call(
            _DELETE, delete_trace_file._get_kwargs(id=id), CallOptions(timeout, max_retries, extra_headers)
        )

    async def batch_get(
        self,
        *,
        ids: builtins.list[str],
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> TraceFileBatch:
        """Get several trace files.

        Returns trace files with their content, in the order of the ids. Unknown ids are omitted.

        Args:
            ids: An opaque id.
            timeout: Seconds for connecting, for each read and for each write. Default: the client's.
            max_retries: Maximum number of retries. Default: the client's.
            extra_headers: Additional headers for this call.

        Returns:
            The trace files that were found.

        Raises:
            BadRequestError: The request is invalid. The message names the place and the reason.
            AuthenticationError: The API key is missing or unknown.
            PermissionDeniedError: The API key has no permission for the operation, or the request's origin is
                not allowed.
            PayloadTooLargeError: The body is over the operation's limit. Nothing was stored.
            APIStatusError: The operation does not accept the body's Content-Type or Content-Encoding.
            RateLimitError: Too many requests. Try again after `Retry-After`.
            InternalServerError: The server failed. The request may be retried. Or: This server does not
                implement the operation.
            APIConnectionError: No complete response arrived.
            KaybaError: Any other failure; the base class of all errors above.

        Examples:
            >>> await client.traces.batch_get(ids=["7f3c9a52e1d84b06"])
        """
        return await self._calls.call(
            _BATCH_GET,
            batch_get_trace_files._get_kwargs(body=BatchGetTraceFilesRequest(ids=ids)),
            CallOptions(timeout, max_retries, extra_headers),
        )


class TracesWithRawResponse:
    """The methods of `TracesResource`, each returning a `RawResponse`."""

    def __init__(self, resource: TracesResource) -> None:
        self.list = to_raw_response_wrapper(resource, TracesResource.list)
        self.upload = to_raw_response_wrapper(resource, TracesResource.upload)
        self.get = to_raw_response_wrapper(resource, TracesResource.get)
        self.delete = to_raw_response_wrapper(resource, TracesResource.delete)
        self.batch_get = to_raw_response_wrapper(resource, TracesResource.batch_get)


class AsyncTracesWithRawResponse:
    """The methods of `AsyncTracesResource`, each returning a `RawResponse`."""

    def __init__(self, resource: AsyncTracesResource) -> None:
        self.list = async_to_raw_response_wrapper(resource, AsyncTracesResource.list)
        self.upload = async_to_raw_response_wrapper(resource, AsyncTracesResource.upload)
        self.get = async_to_raw_response_wrapper(resource, AsyncTracesResource.get)
        self.delete = async_to_raw_response_wrapper(resource, AsyncTracesResource.delete)
        self.batch_get = async_to_raw_response_wrapper(resource, AsyncTracesResource.batch_get)
