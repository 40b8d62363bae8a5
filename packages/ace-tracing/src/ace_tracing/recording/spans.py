"""Spans around a block of code, and spans that the user ends."""

from __future__ import annotations

from collections.abc import Mapping
from sys import getrefcount
from types import TracebackType
from typing import Any, Final, Literal

from ace_tracing.diagnostics import warn
from ace_tracing.interrupts import raise_interrupt
from ace_tracing.recording.attributes import encode_attributes
from ace_tracing.recording.callsite import call_site
from ace_tracing.recording.checks import read_attributes, reject, to_name
from ace_tracing.recording.context import SpanToken, current_span, end_span, end_with_error
from ace_tracing.recording.noop import NOOP_SPAN, NoOpSpan
from ace_tracing.recording.span import LiveSpan, ManualSpan
from ace_tracing.recording.tracer import state


class _Entry(list[Any]):
    """One entered block: the current span inside it, its own span (None while tracing is off), and its token.

    The token restores the previous current span. An interrupt that comes before the first line of an exit ends it; then
    the block is left when the entry is garbage-collected, with its `start_span(...)`.
    """

    __slots__ = ()

    def __del__(self) -> None:
        _, span, token = self
        if span is not None:
            end_span(span, token)


class _PlainEntry(list[Any]):
    """An entry without `__del__`, in which an interrupt would be lost: of a block that was left, or is temporary."""

    __slots__ = ()


class _Temporary:
    """An object to which only the running call refers, like the one in `start_span("name").__enter__()`.

    It is freed at once, which says nothing about the block: the span stays current.
    """

    def __enter__(self) -> int:
        return getrefcount(self)

    async def __aenter__(self) -> int:
        return getrefcount(self)

    def __exit__(self, *_: object) -> None:
        """Do nothing."""

    async def __aexit__(self, *_: object) -> None:
        """Do nothing."""


def _count_async_references() -> int:
    entering = _Temporary().__aenter__()
    try:
        entering.send(None)
    except StopIteration as end:
        return int(end.value)
    return 0


# Counted, because it depends on the version of Python.
_REFERENCES: Final = _Temporary().__enter__()
_ASYNC_REFERENCES: Final = _count_async_references()
"""The counts of references to a temporary block in its `__enter__` and its `__aenter__`."""


class SpanBlock:
    """Reusable, reentrant context manager: each entry starts its own span.

    Tasks and threads may be inside one object at the same time. An exit ends the span that its own context entered. A
    block may be left in another context than it was entered in, as with fixtures and generators.

    Args:
        name: The name of the step.
        span_type: The kind of step.
        attributes: Attributes of the span.
        agent: The name of the agent that this step and all steps below it belong to. The parent's by default.

    Raises:
        TypeError: The name is a function or a class, as in `@start_span` without a name.
    """

    __slots__ = ("_agent", "_attributes", "_entries", "_name", "_span_type", "_unassigned")

    def __init__(
        self,
        name: str = "span",
        span_type: str = "UNKNOWN",
        attributes: Mapping[str, Any] | None = None,
        *,
        agent: str | None = None,
    ) -> None:
        if type(name) is not str:
            if callable(name):
                raise TypeError(f"start_span needs a name: write @start_span({_name_of(name)!r}), or @trace.")
            name = to_name(name, "span")
        self._name = name
        self._span_type = span_type if type(span_type) is str else to_name(span_type, "UNKNOWN")
        self._attributes = None if attributes is None else read_attributes("start_span(attributes=...)", attributes)
        self._agent = agent if agent is None or type(agent) is str else to_name(agent, "")
        # Several threads change the list without a lock, so each change is one call of a list method.
        self._entries: list[_Entry | _PlainEntry] = []
        self._unassigned = 0

    def __enter__(self) -> LiveSpan | NoOpSpan:
        tracer = state.tracer
        if tracer is not None:
            span, parent = None, current_span.get()
            try:
                attributes = encode_attributes(self._attributes) if self._attributes else None
                span = tracer.open(call_site(self._name, self._span_type, self._agent, attributes), parent=parent)
                self._entries.append(_Entry((span, span, current_span.set(span))))
            except BaseException as error:
                end_with_error(span, None, error, parent)
                for entry in self._entries[::-1]:
                    if span is not None and entry[1] is span:
                        self._entries.remove(entry)
                if not isinstance(error, Exception):
                    raise
                tracer.report_unrecorded(parent if span is None else span)
            else:
                if getrefcount(self) <= _REFERENCES:
                    self._entries[-1].__class__ = _PlainEntry
                return span
        self._entries.append(_PlainEntry((current_span.get(), None, None)))
        return NOOP_SPAN

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> Literal[False]:
        current = current_span.get()
        try:
            for entry in reversed(self._entries):
                if entry[0] is current:
                    self._leave(entry, error)
                    break
            else:
                self._leave_other(error)
        except BaseException as interrupt:
            # The entry is removed last, so an interrupted exit is repeated.
            for entry in reversed(self._entries):
                if entry[1] is current:
                    self._leave(entry, interrupt)
                    break
            raise
        return False

    async def __aenter__(self) -> LiveSpan | NoOpSpan:
        span = self.__enter__()
        if getrefcount(self) <= _ASYNC_REFERENCES:
            self._entries[-1].__class__ = _PlainEntry
        return span

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> Literal[False]:
        return self.__exit__(kind, error, where)

    def __getstate__(self) -> object:
        """Return the state of a copy, which is inside no block."""
        made: Any = super().__getstate__()
        return made[0], {**made[1], "_entries": [], "_unassigned": 0}

    def _leave(self, entry: _Entry | _PlainEntry, error: BaseException | None) -> None:
        """End the span of an entry, restore the previous current span, and remove the entry."""
        _, span, token = entry
        if span is not None:
            if error is not None:
                end_with_error(span, token, error)
            else:
                end_span(span, token)
        entry.__class__ = _PlainEntry
        try:
            # Not by position, because another thread may have added an entry meanwhile.
            self._entries.remove(entry)
        except ValueError as missing:
            # Another thread, which has a copy of this context, has left the same block meanwhile.
            raise_interrupt(missing)

    def _leave_other(self, error: BaseException | None) -> None:
        """Leave an entry whose span is not current: blocks that overlap, or an exit in another context."""
        entries = self._entries[::-1]
        if not entries:
            warn("exit without entry", "start_span(%r) was left more often than entered", self._name)
            return
        if len(entries) == 1:
            self._leave(entries[0], error)
            return
        for entry in entries:
            if entry[2] is not None and _restore_context(entry[2]):
                # The token is used already.
                self._leave(entry, error)
                return
        # Nothing identifies the entry, and no span may end before its block: all end with the last of these exits.
        self._unassigned += 1
        if self._unassigned >= len(entries):
            self._unassigned = 0
            for entry in entries:
                self._leave(entry, None)


def _name_of(target: Any) -> str:
    return str(getattr(target, "__name__", "step"))


def _restore_context(token: SpanToken) -> bool:
    """Restore the previous current span, if the token belongs to this context, and return whether it does."""
    try:
        current_span.reset(token)
    except ValueError:
        return False
    return True


def start_span_no_context(
    name: str,
    span_type: str = "UNKNOWN",
    attributes: Mapping[str, Any] | None = None,
    *,
    parent: LiveSpan | NoOpSpan | None = None,
    agent: str | None = None,
) -> LiveSpan | NoOpSpan:
    """Start a span that the user ends with `end()`, for work that begins in one callback and ends in another.

    It never becomes the current span: spans below it name it as their `parent`. A span that is never ended ends when
    it is garbage-collected and gets the attribute `span.never_ended`.

    Args:
        name: The name of the step.
        span_type: The kind of step. `"UNKNOWN"` by default.
        attributes: Attributes of the span.
        parent: The parent span. None starts a new trace.
        agent: The name of the agent that this step and all steps below it belong to. The parent's by default.

    Returns:
        The running span, or a no-op span while tracing is off.
    """
    tracer = state.tracer
    if tracer is None or isinstance(parent, NoOpSpan):
        return NOOP_SPAN
    try:
        if parent is not None and not isinstance(parent, LiveSpan):
            reject("start_span_no_context(parent=...)", parent, "give a span, such as the one that start_span returns")
            parent = None
        encoded = encode_attributes(read_attributes("start_span_no_context(attributes=...)", attributes))
        agent = None if agent is None else to_name(agent, "")
        site = call_site(to_name(name, "span"), to_name(span_type, "UNKNOWN"), agent, encoded)
        return tracer.open(site, parent=parent, kind=ManualSpan)
    except Exception:  # noqa: BLE001 - see diagnostics.guard
        tracer.report_unrecorded(parent)
        return NOOP_SPAN
