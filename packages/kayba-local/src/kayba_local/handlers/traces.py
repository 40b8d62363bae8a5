"""Handlers of trace files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from kayba_local.handlers.errors import not_found
from kayba_local.http.operation import Call, Handler, Reply
from kayba_local.store import trace_files
from kayba_local.store.trace_files import TraceFile


def list_trace_files(call: Call) -> dict[str, Any]:
    """Return the metadata of all files, newest first."""
    return {"traces": [_write_metadata(file) for file in trace_files.list_all(call.db)]}


def upload_trace_files(call: Call) -> Reply:
    """Store the files of the request."""
    sent = ((file["filename"], file["fileType"], file["content"]) for file in call.body["traces"])
    stored = trace_files.add(call.db, sent)
    return Reply({"count": len(stored), "traces": [{"id": file.id, "filename": file.filename} for file in stored]})


def get_trace_file(call: Call) -> dict[str, Any]:
    """Return a file with its content."""
    found = trace_files.get(call.db, [call.path["id"]])
    if not found:
        raise not_found("trace file", [call.path["id"]])
    return _write_file(found[0])


def batch_get_trace_files(call: Call) -> dict[str, Any]:
    """Return several files with their content, in the requested order without unknown ids."""
    return {"traces": [_write_file(file) for file in trace_files.get(call.db, call.body["ids"])]}


def delete_trace_file(call: Call) -> Reply:
    """Delete a file."""
    if not trace_files.delete(call.db, call.path["id"]):
        raise not_found("trace file", [call.path["id"]])
    return Reply(status=204)


def _write_metadata(file: TraceFile) -> dict[str, Any]:
    return {
        "id": file.id,
        "filename": file.filename,
        "fileType": file.file_type,
        "size": file.size,
        "uploadedAt": file.uploaded_at,
    }


def _write_file(file: TraceFile) -> dict[str, Any]:
    return {**_write_metadata(file), "content": file.content}


HANDLERS: Final[Mapping[str, Handler]] = {
    "listTraceFiles": list_trace_files,
    "uploadTraceFiles": upload_trace_files,
    "getTraceFile": get_trace_file,
    "deleteTraceFile": delete_trace_file,
    "batchGetTraceFiles": batch_get_trace_files,
}
