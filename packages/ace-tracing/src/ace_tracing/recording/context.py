"""Current span, current trace, and the `folder` and `session` scopes of new traces.

Two context variables hold them, so threads, tasks and generators each have their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import Any, Final, NamedTuple, TypeVar

from ace_tracing.diagnostics import guard, warn
from ace_tracing.interrupts import raise_interrupt
from ace_tracing.recording.attributes import SESSION_ID, USER_ID, mask_facts
from ace_tracing.recording.callsite import CallSite
from ace_tracing.recording.checks import read_text, read_texts
from ace_tracing.recording.folders import clean_folder
from ace_tracing.recording.frames import pack_context
from ace_tracing.recording.noop import NOOP_SPAN, NoOpSpan
from ace_tracing.recording.records import TraceDetails
from ace_tracing.recording.sink import NULL_SINK
from ace_tracing.recording.span import LiveSpan
from ace_tracing.recording.trace import OpenTrace

T = TypeVar("T")

JoinTrace = Callable[[str | None, dict[str, str]], OpenTrace]
"""Returns the local part of a foreign trace, given its folder and metadata."""


class RemoteParent:
    """Parent span that runs in another process, current in place of a `LiveSpan`.

    Args:
        trace: The local part of the parent's trace.
        span_id: The parent's span id, 16 hex digits.
        agent: The parent's agent.
        join: Joins the trace once more, if the parent is foreign: it never reaches the service, so the spans below it
            have their own folder and metadata. None if this SDK records the parent.
    """

    __slots__ = ("_id", "_join", "_site", "_trace")

    def __init__(self, trace: OpenTrace, span_id: str, agent: str | None = None, join: JoinTrace | None = None) -> None:
        self._trace = trace
        self._id = int(span_id, 16)
        self._site = CallSite("", "", agent=agent)
        self._join = join

    @property
    def agent(self) -> str | None:
        """The parent's agent."""
        return self._site.agent

    @property
    def is_foreign(self) -> bool:
        """Whether the parent is never sent to the service."""
        return self._join is not None

    def file(self, scope: Scope, metadata: dict[str, str]) -> RemoteParent:
        """Return the same parent for spans in another scope, with further metadata of the scope."""
        join, trace = self._join, self._trace
        if join is None:
            return self
        details = trace.details or TraceDetails(None, {}, {})
        folder = scope.folder if scope.has_folder else trace.context.folder
        joined = join(folder, details.metadata | mask_facts(metadata, trace.mask))
        joined.describe(details.name, details.tags, {}, is_masked=True)
        return RemoteParent(joined, self.span_id, self.agent, join)

    @property
    def span_id(self) -> str:
        """16 hex digits."""
        return f"{self._id:016x}"


class Scope(NamedTuple):
    """Data for the traces that start inside a `folder(...)`, `session(...)` or `continue_trace(...)` block.

    Attributes:
        folder: The folder of the innermost `folder` block.
        has_folder: Whether there is such a block.
        metadata: Session and user of the `session` blocks.
        link: Trace id and span id of a caller whose trace is not continued. The root spans have a link to it.
    """

    folder: str | None = None
    has_folder: bool = False
    metadata: dict[str, str] = {}  # noqa: RUF012 - never changed
    link: tuple[str, str] | None = None


CurrentSpan = LiveSpan | RemoteParent | None

current_span: ContextVar[CurrentSpan] = ContextVar("ace_tracing_current_span", default=None)
"""The innermost running span of the current thread or task: the parent of the next span."""

current_scope: ContextVar[Scope | None] = ContextVar("ace_tracing_current_scope", default=None)
"""The scope of the innermost `folder` or `session` block. None outside of them."""

SpanToken = Token[CurrentSpan]

UNSAMPLED: Final = RemoteParent(
    OpenTrace(NULL_SINK, pack_context(None, None), trace_id=f"{1:032x}", sampled=False), f"{1:016x}"
)
"""Parent whose child spans are not recorded."""


def get_current_span() -> LiveSpan | NoOpSpan:
    """Return the innermost running span of this thread or task, or a no-op span when there is none."""
    span = current_span.get()
    return span if isinstance(span, LiveSpan) else NOOP_SPAN


def get_current_trace_id() -> str | None:
    """Return the id of the running trace, as `get_trace` accepts it, or None when there is none."""
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
    """Set the name, tags and metadata of the running trace.

    It does nothing when there is no running trace. It works after the trace's root has ended, too, and in a process
    that continues the trace of another one.

    Args:
        name: The trace's name. The root's name by default.
        tags: Tags for searches, merged into the present tags.
        metadata: Further facts about the trace, merged into the present metadata.
        session_id: The conversation of the trace, at most 250 characters.
        user_id: The user of the trace, at most 250 characters.
    """
    span = current_span.get()
    if span is None:
        return
    with guard("updating a trace"):
        text = None if name is None else read_text("update_current_trace(name=...)", name)
        added = read_texts("update_current_trace(metadata=...)", metadata) | _session(session_id, user_id)
        span._trace.update(text, read_texts("update_current_trace(tags=...)", tags), added)


@contextmanager
def folder(name: str | None) -> Iterator[None]:
    """File the traces that start in this block, in this thread or task, in a folder. None means unfiled.

    The name is cleaned as in `set_folder`. Blocks nest, and take precedence over `set_folder` and `configure`. A name
    that is neither text nor None logs a warning and changes nothing, since the block may be in a traced function.
    """
    scope = current_scope.get() or Scope()
    if name is None or isinstance(name, str):
        text = None if name is None else str.__str__(name)
        scope = scope._replace(folder=clean_folder(text), has_folder=True)
    else:
        warn("folder", "folder(<%s>) is ignored: give the folder as text, such as 'production'", type(name).__name__)
    with _scope(scope, {}):
        yield


@contextmanager
def session(session_id: str | None = None, *, user_id: str | None = None) -> Iterator[None]:
    """Set the session and the user of the traces that start in this block, in this thread or task.

    An id is text, a whole number or an object with its own text, such as a UUID. Any other value logs a warning and is
    left out, since the block may be in a traced function.

    Args:
        session_id: The conversation of the traces, at most 250 characters.
        user_id: The user of the traces, at most 250 characters.
    """
    scope = current_scope.get() or Scope()
    metadata = _session(session_id, user_id)
    with _scope(scope._replace(metadata=scope.metadata | metadata), metadata):
        yield


def end_span(span: LiveSpan, token: SpanToken | None) -> None:
    """End a span and restore the previous current span, with the token unless it is restored already."""
    try:
        span.end()
    finally:
        if token is not None:
            leave(current_span, token)


def end_with_error(
    span: LiveSpan | None, token: SpanToken | None, error: BaseException, parent: CurrentSpan = None
) -> None:
    """End a span with the exception that left it, and restore the previous current span.

    An interrupt may have come at any step of the call.

    Args:
        span: The span. None if the interrupt came before there was one.
        token: The token of the context variable. None if the span did not become the current one, or the interrupt came
            before the token was stored.
        error: The exception.
        parent: The previous current span, for a span without a token.
    """
    if span is None:
        return
    try:
        span._record_failure(error)
    finally:
        try:
            end_span(span, token)
        finally:
            if token is None and current_span.get() is span:
                current_span.set(parent)


@contextmanager
def _scope(scope: Scope, metadata: dict[str, str]) -> Iterator[None]:
    """Make a scope the current one, also for the spans below a foreign parent. `metadata` is what the scope adds."""
    token = current_scope.set(scope)
    parent = current_span.get()
    span_token = None
    if isinstance(parent, RemoteParent) and parent.is_foreign:
        with guard("entering a scope"):
            span_token = current_span.set(parent.file(scope, metadata))
    try:
        yield
    finally:
        leave(current_scope, token)
        if span_token is not None:
            leave(current_span, span_token)


def leave(variable: ContextVar[T], token: Token[T]) -> None:
    """Restore a context variable at the end of a block."""
    try:
        variable.reset(token)
    except (ValueError, RuntimeError) as error:
        # ValueError: the block ends in another context than it began in, as in a generator. Nothing is to be restored.
        # RuntimeError: the token is used already, and an interrupt came after that.
        raise_interrupt(error)


def _session(session_id: str | None, user_id: str | None) -> dict[str, str]:
    given = {SESSION_ID: session_id, USER_ID: user_id}
    return {key: text for key, value in given.items() if value is not None and (text := _id_text(key, value))}


def _id_text(key: str, value: Any) -> str | None:
    """Return a session or user id as text, or log a warning for a value that is no id."""
    kind: Any = type(value)
    has_own_text = kind.__str__ is not object.__str__ and not isinstance(value, (bytes, bytearray))
    if isinstance(value, str):
        return str.__str__(value)
    if (isinstance(value, int) and kind is not bool) or has_own_text:
        # `__str__` may be the user's code.
        try:
            return str(value)
        except Exception as error:  # noqa: BLE001 - see above
            raise_interrupt(error, kind)
    warn(key, "A value of type %s is no %s and is left out: give it as text", kind.__name__, key)
    return None
