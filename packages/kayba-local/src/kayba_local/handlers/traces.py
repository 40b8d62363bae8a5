"""Trace files: list, upload, read, delete."""

from __future__ import annotations

from typing import Any

from kayba_local.handlers.errors import unknown
from kayba_local.http.operation import Call, Reply
from kayba_local.store import trace_files
from kayba_local.store.trace_files import TraceFile


def list_trace_files(call: Call) -> dict[str, Any]:
    """Every file's metadata, newest first."""
    return {"traces": [_metadata(file) for file in trace_files.list_all(call.db)]}


def upload_trace_files(call: Call) -> Reply:
    """Store all of the files or, on bad input, none."""
    sent = ((file["filename"], file["fileType"], file["content"]) for file in call.body["traces"])
    stored = trace_files.add(call.db, sent)
    return Reply({"count": len(stored), "traces": [{"id": file.id, "filename": file.filename} for file in stored]})


def get_trace_file(call: Call) -> dict[str, Any]:
    """One file with its content."""
    found = trace_files.get(call.db, [call.path["id"]])
    if not found:
        raise unknown("trace file", [call.path["id"]])
    return _whole(found[0])


def batch_get_trace_files(call: Call) -> dict[str, Any]:
    """Several files with their content, in the order asked for; unknown ids are left out."""
    return {"traces": [_whole(file) for file in trace_files.get(call.db, call.body["ids"])]}


def delete_trace_file(call: Call) -> Reply:
    """Delete one file."""
    if not trace_files.delete(call.db, call.path["id"]):
        raise unknown("trace file", [call.path["id"]])
    return Reply(status=204)


def _metadata(file: TraceFile) -> dict[str, Any]:
    return {
        "id": file.id,
        "filename": file.filename,
        "fileType": file.file_type,
        "size": file.size,
        "uploadedAt": file.uploaded_at,
    }


def _whole(file: TraceFile) -> dict[str, Any]:
    return {**_metadata(file), "content": file.content}
