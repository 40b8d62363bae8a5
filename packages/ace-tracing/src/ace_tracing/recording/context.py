"""What is running now, and what it says of its trace: the current span, its trace, and scopes for traces to come."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import Token

from ace_tracing.diagnostics import internal_error
from ace_tracing.recording.folders import clean_folder
from ace_tracing.recording.noop import NOOP_SPAN, NoOpSpan
from ace_tracing.recording.span import LiveSpan
from ace_tracing.recording.tracer import Scope, current_scope, current_span

SESSION_ID = "session.id"
USER_ID = "user.id"
MAX_METADATA = 250
"""Longest session and user id: a server may refuse a whole request for a longer one."""


def get_current_span() -> LiveSpan | NoOpSpan:
    """The innermost running span of this thread or task; a stand-in that records nothing when there is none."""
    span = current_span.get()
    return span if isinstance(span, LiveSpan) else NOOP_SPAN


def get_current_trace_id() -> str | None:
    """The id of the running trace, as `get_trace` takes it; None when there is none."""
    span = current_span.get()
    return None if span is None else f"tr-{span._trace.trace_id}"


def update_current_trace(
    *,
    name: str | None = None,
    tags: Mapping[str, str] | None = None,
    metadata: Mapping[str, str] | None = None,
    session_id: str | None = None,
    user_id: str | None = None,
) -> None:
    """Say more about the running trace. Does nothing when there is none, or when its root has ended.

    Args:
        name: the trace's name; its root's name by default.
        tags: what it is to be found by; merged into the tags given before.
        metadata: further facts about it; merged.
        session_id: the conversation it belongs to, at most 250 characters.
        user_id: whom it was run for, at most 250 characters.
    """
    span = current_span.get()
    if span is None:
        return
    try:
        said = {str(key): str(value) for key, value in (metadata or {}).items()} | _session(session_id, user_id)
        span._trace.describe(name, {str(key): str(value) for key, value in (tags or {}).items()}, said)
    except Exception:  # noqa: BLE001 - nothing of ours raises into the user's code
        internal_error("updating a trace")


@contextmanager
def folder(name: str | None) -> Iterator[None]:
    """File the traces that start in this block, in this thread or task, in a folder; None means unfiled.

    The name is cleaned as `set_folder` does. Blocks nest, and win over `set_folder` and `configure`.
    """
    scope = current_scope.get()
    token = current_scope.set(Scope(clean_folder(name), True, scope.metadata if scope else {}))
    try:
        yield
    finally:
        _leave(token)


@contextmanager
def session(session_id: str | None = None, *, user_id: str | None = None) -> Iterator[None]:
    """Give the traces that start in this block, in this thread or task, a session and a user.

    Args:
        session_id: the conversation they belong to, at most 250 characters.
        user_id: whom they are run for, at most 250 characters.
    """
    scope = current_scope.get() or Scope(None, False, {})
    token = current_scope.set(scope._replace(metadata=scope.metadata | _session(session_id, user_id)))
    try:
        yield
    finally:
        _leave(token)


def _leave(token: Token[Scope | None]) -> None:
    # ValueError: left in another context than it was entered in, as generators may be, where nothing is to be restored.
    with suppress(ValueError):
        current_scope.reset(token)


def _session(session_id: str | None, user_id: str | None) -> dict[str, str]:
    given = {SESSION_ID: session_id, USER_ID: user_id}
    return {key: str(value)[:MAX_METADATA] for key, value in given.items() if value is not None}
