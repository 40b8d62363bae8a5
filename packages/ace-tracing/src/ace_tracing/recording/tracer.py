"""Who is my parent, and which trace am I in. One context variable; works over threads, tasks and generators alike."""

from __future__ import annotations

import os
import random
import time
from collections import deque
from contextlib import suppress
from contextvars import ContextVar, Token
from itertools import islice
from types import EllipsisType
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ace_tracing.recording.frames import (
    END_BYTES,
    ENDED,
    MAX_NAME,
    SPAN_ID,
    STARTED,
    CallSite,
    TraceDetails,
    first_within,
    pack_context,
    pack_end,
    pack_start,
    without_values,
)
from ace_tracing.recording.span import LiveSpan, mask_all
from ace_tracing.values.masking import Mask

if TYPE_CHECKING:
    from ace_tracing.recording.sampling import Sampler

MAX_HELD_BYTES = 32 * 1024 * 1024
"""Of a trace that the rate drops and how it ends may keep: the most that is held until then."""

DETAILS_CUT = "trace.cut"
"""The tag, and the entry of the metadata, that says that others were left out."""
MAX_DETAIL = 10_000
"""Longest text of a tag, or of an entry of a trace's metadata, in characters."""
MAX_DETAILS = 1_000
MAX_DETAILS_BYTES = 512 * 1024
"""So many tags, and entries of the metadata, a trace may have, and so many bytes each of both."""

_OK = 1

# A generator of our own: a user's random.seed() must not make ids repeat, and os.urandom costs a system call a span.
_random = random.Random()  # noqa: S311 - ids, not secrets

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_random.seed)

_getrandbits = _random.getrandbits
_perf_counter_ns = time.perf_counter_ns


def _wall_clock_offset_ns() -> int:
    """What to add to the counter to have the time since the epoch."""
    return time.time_ns() - _perf_counter_ns()


class Passthrough(NamedTuple):
    """What came with a request for whom the served code calls in turn: not ours to read, and not to lose.

    Attributes:
        tracestate: the W3C header as it came; empty when there was none.
        baggage: members of the W3C header, as they came.
    """

    tracestate: str
    baggage: tuple[str, ...]


class Sink(Protocol):
    """Takes frames, as `record` packs them: the caller's last step.

    Attributes:
        finished: counts what is to leave: traces whose root has ended, and spans that end without one above them here.
        asleep: whether it is to be told by `wake` when that count goes up.
    """

    finished: int
    asleep: bool

    def put(self, frame: bytes) -> object:
        """Take a frame; true when there is no room for it."""

    def wake(self) -> None:
        """See to what has finished."""


class NullSink:
    """Takes frames that are not kept."""

    finished = 0
    asleep = False

    def put(self, frame: bytes) -> object:
        """Forget a frame."""

    def wake(self) -> None:
        """Do nothing."""


class TailSampler(NullSink):
    """Holds the frames of a trace that the rate drops, since how its root ends may keep it after all.

    Args:
        sampler: decides that.
        sink: takes what is kept.
    """

    def __init__(self, sampler: Sampler, sink: Sink) -> None:
        self._sampler = sampler
        self.sink = sink
        self._frames: deque[bytes] = deque()
        self._bytes = 0
        self._root = b""

    def put(self, frame: bytes) -> bool:
        """Hold a frame; once there are very many, none that starts a span, and of ends but the root's no values."""
        if frame[0] == STARTED:
            if self._bytes >= MAX_HELD_BYTES:
                return True
            self._root = self._root or frame[SPAN_ID]
        elif self._bytes >= MAX_HELD_BYTES and len(frame) > END_BYTES and frame[SPAN_ID] != self._root:
            frame = without_values(frame, f"all values: the trace has more than {MAX_HELD_BYTES} bytes")
        self._bytes += len(frame)
        self._frames.append(frame)
        return False

    def keeps(self, root: LiveSpan) -> bool:
        """Whether the trace is kept, now that its root has ended."""
        return self._sampler.keeps_anyway(root.failed, (root._end_ns or 0) - root._start_ns)

    def release(self) -> None:
        """Hand on what is held."""
        while self._frames:
            self.sink.put(self._frames.popleft())

    def clear(self) -> None:
        """Forget what is held."""
        self._frames.clear()
        self._bytes = 0


class OpenTrace:
    """One call tree while it runs.

    Args:
        tracer: what it belongs to; asked once, so that later changes act on later traces.
        trace_id: 32 hex digits, of a trace begun elsewhere; a new one by default.
        sampled: whether it is kept, as decided elsewhere; decided here by default.
        context: how it is filed, as `record.pack_context` says it; as the tracer does by default.
    """

    _inherited_ns: int

    __slots__ = (
        "_id",
        "_inherited_ns",
        "_root_ended",
        "_sink",
        "details",
        "epoch_ns",
        "head",
        "mask",
        "passed_on",
        "put",
        "sampled",
    )

    def __init__(
        self,
        tracer: Tracer,
        trace_id: str | None = None,
        sampled: bool | None = None,
        context: bytes | None = None,
    ) -> None:
        self._id = number = (_getrandbits(128) or 1) if trace_id is None else int(trace_id, 16)
        self.head = number.to_bytes(16, "big") + (context or tracer.context)
        self.mask = tracer.mask
        self.details: TraceDetails | None = None
        self.passed_on: Passthrough | None = None
        # A trace begun elsewhere has its root there: what ends here need not wait for it.
        self._root_ended = trace_id is not None
        sink = tracer.sink
        if sampled is None:
            sampler = tracer.sampler
            sampled = sampler is None or sampler.chooses(self.trace_id)
            if sampler is not None and not sampled:
                sink = TailSampler(sampler, sink)
        elif not sampled:
            sink = _nowhere
        self.sampled = sampled
        self._sink: Sink = sink
        self.put = sink.put
        # One look at the wall clock a trace: a clock set back while it runs cannot make a duration negative.
        self.epoch_ns = _wall_clock_offset_ns()

    @property
    def trace_id(self) -> str:
        """32 hex digits."""
        return f"{self._id:032x}"

    def now_ns(self) -> int:
        """The time in nanoseconds since the epoch."""
        return self.epoch_ns + _perf_counter_ns()

    def describe(self, name: str | None, tags: dict[str, str], metadata: dict[str, str]) -> None:
        """Add to what is known of the trace; it leaves with the root, in whose frame it has to fit."""
        old = self.details or TraceDetails(None, {}, {})
        name = name[:MAX_NAME] if isinstance(name, str) else name
        self.details = TraceDetails(name or old.name, _bounded(old.tags, tags), _bounded(old.metadata, metadata))

    def forget(self) -> None:
        """Record nothing of it: there was no room for its root, without which it is of no use."""
        self._sink = _nowhere
        self.put = _nowhere.put

    def finish(self, span: LiveSpan, outputs: bytes | None) -> None:
        """End a span, and tell that it has ended."""
        span._end_ns = ended = self.epoch_ns + _perf_counter_ns()
        parent_id = span._parent_id
        if span._more is None and (parent_id or self.details is None):
            self.put(pack_end(ENDED, span._id, ended, _OK) + (outputs or b""))
        else:
            self.put(span.encode_end_with_details(ended, outputs, None if parent_id else self.details))
        if not parent_id:
            self._root_ended = True
            if not self.sampled:
                self._decide(span)
        if self._root_ended:
            sink = self._sink
            # On one line, so that no other thread comes in between.
            sink.finished += 1
            if sink.asleep:
                sink.wake()

    def inherit(self, tracer: Tracer) -> None:
        """Go on in a forked child: what began before the fork is the parent's to send, what begins now is the child's.

        Args:
            tracer: the child's.
        """
        self.__class__ = _InheritedTrace
        self._inherited_ns = self.now_ns()
        undecided = self._sink
        if isinstance(undecided, TailSampler):
            undecided.clear()
            undecided.sink = tracer.sink
        elif self.sampled:
            self._sink = tracer.sink
            self.put = tracer.sink.put
        self._root_ended = True

    def _decide(self, root: LiveSpan) -> None:
        """Keep the trace, or drop it for good, now that its root has ended."""
        undecided = self._sink
        if not isinstance(undecided, TailSampler):
            return
        if undecided.keeps(root):
            self.sampled = True
            self._sink = undecided.sink
            self.put = self._sink.put
            # What another thread puts in while this runs comes after it.
            undecided.release()
        else:
            self.forget()
            undecided.clear()


class _InheritedTrace(OpenTrace):
    """A trace that began in the process that this one was forked from."""

    __slots__ = ()

    def finish(self, span: LiveSpan, outputs: bytes | None) -> None:
        if span._start_ns >= self._inherited_ns:
            super().finish(span, outputs)
        else:
            span._end_ns = self.now_ns()


class RemoteParent:
    """Stands where a span would, for a parent that runs in another process."""

    __slots__ = ("_id", "_site", "_trace")

    def __init__(self, trace: OpenTrace, span_id: str, agent: str | None = None) -> None:
        self._trace = trace
        self._id = int(span_id, 16)
        self._site = CallSite("", "", agent=agent)

    @property
    def agent(self) -> str | None:
        """The agent that the parent belongs to."""
        return self._site.agent

    @property
    def span_id(self) -> str:
        """16 hex digits."""
        return f"{self._id:016x}"


current_span: ContextVar[LiveSpan | RemoteParent | None] = ContextVar("ace_tracing_current_span", default=None)
"""The innermost running span of the current thread or task: the parent of the next one."""

SpanToken = Token[LiveSpan | RemoteParent | None]


class Scope(NamedTuple):
    """What traces started inside a `folder(...)` or `session(...)` block take with them."""

    folder: str | None
    has_folder: bool
    metadata: dict[str, str]


current_scope: ContextVar[Scope | None] = ContextVar("ace_tracing_current_scope", default=None)
"""The innermost such block; None outside of any."""


class Tracer:
    """Starts spans.

    Args:
        sink: takes the frames of spans.
        experiment: the name of the experiment that new traces belong to; None for the service's default.
        folder: the folder that new traces are filed in; None for unfiled.
        sampler: which traces are kept; None keeps all.
        mask: applied to every captured value, as plain JSON values; None records them as they are.
    """

    __slots__ = ("context", "experiment", "folder", "mask", "sampler", "sink")

    def __init__(
        self,
        sink: Sink,
        experiment: str | None = None,
        folder: str | None = None,
        sampler: Sampler | None = None,
        mask: Mask | None = None,
    ) -> None:
        self.sink = sink
        self.sampler = sampler
        self.mask = mask
        self.file(experiment, folder)

    def file(self, experiment: str | None, folder: str | None) -> None:
        """File the traces that start from now on in an experiment and a folder."""
        self.experiment = experiment
        self.folder = folder
        self.context = pack_context(experiment, folder)

    def open(
        self,
        site: CallSite,
        inputs: bytes | None = None,
        parent: LiveSpan | RemoteParent | EllipsisType | None = ...,
        kind: type[LiveSpan] = LiveSpan,
    ) -> LiveSpan:
        """Start a span below `parent`, the current span by default, or for None as the root of a new trace.

        It does not become the current one: `current_span.set` makes it so, and `stop` ends that.
        """
        if parent is ...:
            parent = current_span.get()
        if parent is None:
            trace = self._new_trace()
            parent_id = 0
        else:
            trace = parent._trace
            parent_id = parent._id
            agent = parent._site.agent
            if agent is not None and site.agent is None:
                site = site.of(agent)
        if trace.mask is not None and site.attributes:
            attributes = mask_all(site.attributes, trace.mask)
            site = CallSite(site.name, site.span_type, site.function, site.agent, attributes)
        span = kind()
        span._trace = trace
        span._site = site
        span._id = span_id = _getrandbits(64) or 1
        span._parent_id = parent_id
        span._inputs = inputs
        span._outputs = None
        span._end_ns = None
        span._more = None
        span._start_ns = start_ns = trace.epoch_ns + _perf_counter_ns()
        frame = pack_start(STARTED, span_id, parent_id, start_ns) + trace.head + site.packed
        if trace.put(frame if inputs is None else frame + inputs):
            if parent_id:
                # There was no room for it: its end alone would say nothing.
                span._end_ns = start_ns
            else:
                trace.forget()
        return span

    def _new_trace(self) -> OpenTrace:
        scope = current_scope.get()
        if scope is None:
            return OpenTrace(self)
        folder = scope.folder if scope.has_folder else self.folder
        trace = OpenTrace(self, context=pack_context(self.experiment, folder, scope.metadata or None))
        if scope.metadata:
            trace.describe(None, {}, scope.metadata)
        return trace


def _bounded(old: dict[str, str], new: dict[str, str]) -> dict[str, str]:
    """Both, with long texts cut: what was said first, as far as there is room."""
    merged = old | {key[:MAX_NAME]: _cut(text) for key, text in new.items()}
    kept, _ = first_within(MAX_DETAILS_BYTES, islice(merged.items(), MAX_DETAILS))
    if len(kept) == len(merged):
        return merged
    return {**dict(kept), DETAILS_CUT: f"more than {MAX_DETAILS} entries, or {MAX_DETAILS_BYTES} bytes"}


def _cut(text: str) -> str:
    if len(text) <= MAX_DETAIL:
        return text
    return f"{text[:MAX_DETAIL]}<cut: {len(text) - MAX_DETAIL} more of {len(text)} characters>"


def stop(span: LiveSpan, token: SpanToken) -> None:
    """End a span and make current what was current before it."""
    span.end()
    try:  # noqa: SIM105 - contextlib.suppress costs more than all else that is done here
        current_span.reset(token)
    except ValueError:
        # Ended in another context than it started in, where it never was current: nothing is to be restored.
        pass


def failed(span: LiveSpan, token: SpanToken, error: BaseException) -> None:
    """End a span with the exception that left it, and make current what was current before it."""
    span.record_exception(error)
    # RuntimeError: it was interrupted after it had ended as it should.
    with suppress(RuntimeError):
        stop(span, token)


_nowhere = NullSink()

UNSAMPLED = RemoteParent(OpenTrace(Tracer(_nowhere), f"{1:032x}", sampled=False), f"{1:016x}")
"""As the current span it keeps those below it from being recorded."""
