"""Tracer: starts spans below the current span, or as the root of a new trace."""

from __future__ import annotations

from types import EllipsisType
from typing import TYPE_CHECKING, Any, Final

from ace_tracing.diagnostics import internal_error
from ace_tracing.forks import page, renew
from ace_tracing.recording import clock, ids
from ace_tracing.recording.attributes import encode, mask_facts
from ace_tracing.recording.callsite import CallSite
from ace_tracing.recording.context import UNSAMPLED, RemoteParent, Scope, current_scope, current_span, end_with_error
from ace_tracing.recording.frames import STARTED, pack_context, pack_start
from ace_tracing.recording.sink import NULL_SINK, Sink
from ace_tracing.recording.span import LiveSpan
from ace_tracing.recording.trace import OpenTrace, RemoteParentMode
from ace_tracing.values.masking import Mask, is_masking
from ace_tracing.values.snapshot import snapshot

if TYPE_CHECKING:
    from ace_tracing.recording.sampling import Sampler

_NO_PARENT: Final = "0" * 16


class Tracer:
    """Tracer that starts spans and files new traces.

    Args:
        sink: Receives the frames of spans.
        experiment: The name of the experiment of new traces. None for the service's default.
        folder: The folder of new traces. None for unfiled.
        sampler: Decides which traces are kept. None keeps all.
        mask: Applied to every captured value and text, as plain JSON values. None records them unchanged.
        remote_parent: How the trace of a caller is continued, see `configure`.
    """

    __slots__ = ("context", "experiment", "folder", "mask", "remote_parent", "sampler", "sink")

    def __init__(
        self,
        sink: Sink,
        experiment: str | None = None,
        folder: str | None = None,
        sampler: Sampler | None = None,
        mask: Mask | None = None,
        remote_parent: RemoteParentMode = "auto",
    ) -> None:
        self.sink = sink
        self.sampler = sampler
        self.mask = mask
        self.remote_parent = remote_parent
        self.file(experiment, folder)

    def file(self, experiment: str | None, folder: str | None) -> None:
        """File new traces in an experiment and a folder."""
        self.experiment = experiment
        self.folder = folder
        self.context = pack_context(experiment, folder)

    def open(
        self,
        site: CallSite,
        inputs: dict[str, Any] | bytes | None = None,
        parent: LiveSpan | RemoteParent | EllipsisType | None = ...,
        kind: type[LiveSpan] = LiveSpan,
    ) -> LiveSpan:
        """Start a span. It does not become the current span.

        Args:
            site: The span's call site.
            inputs: The arguments of a call by name, or other inputs, encoded and masked.
            parent: The parent, by default the current span. None starts a new trace.
            kind: The class of the span.
        """
        if not page[0] and (tracer := self._renew()) is not self:
            return tracer.open(site, inputs, parent, kind)
        if parent is ...:
            parent = current_span.get()
        if parent is None:
            scope = current_scope.get()
            if scope is None:
                trace = OpenTrace(self.sink, self.context, self.sampler, self.mask)
            elif scope.link is None:
                trace = self._start_trace(scope)
            else:
                root = self.open(site, inputs, RemoteParent(self._start_trace(scope), _NO_PARENT), kind)
                root.add_link(*scope.link)
                return root
            parent_id = 0
        else:
            trace = parent._trace
            parent_id = parent._id
            agent = parent._site.agent
            if agent is not None and site.agent is None:
                site = site.of(agent)
        mask = trace.mask
        if mask is None:
            if isinstance(inputs, dict):
                inputs = snapshot(inputs)
        elif is_masking():
            # A function that the mask calls is traced. Its span would be recorded for each masked value.
            trace, parent_id, inputs = UNSAMPLED._trace, UNSAMPLED._id, None
        else:
            site = site.masked_by(mask)
            if isinstance(inputs, dict):
                inputs = encode(inputs, mask)
        span = kind()
        span._trace = trace
        span._site = site
        span._id = span_id = ids.getrandbits(64) or 1
        span._parent_id = parent_id
        span._inputs = inputs
        span._outputs = None
        span._end_ns = None
        span._details = None
        span._start_ns = start_ns = trace.epoch_ns + clock.perf_counter_ns()
        parts = (pack_start(STARTED, span_id, parent_id, start_ns), trace.head, site.packed, inputs or b"")
        frame = b"".join(parts)
        # A local variable: CPython calls it faster than an attribute from a slot.
        put = trace.put
        try:
            is_dropped = put(frame)
        except BaseException as error:
            # An interrupt: the frame may be incomplete, or the span started. Of two starts, the first counts.
            put(frame)
            end_with_error(span, None, error)
            raise
        if is_dropped:
            if trace.sink.is_abandoned and not self.sink.is_abandoned:
                # In a forked child, another thread or task than the first one continues a trace of the parent.
                trace.inherit(self.sink)
                span._end_ns = start_ns
                return self.open(site, inputs, parent, kind)
            if parent_id:
                # There was no room for the start frame. Without it, an end frame is useless.
                span._end_ns = start_ns
            else:
                # Without its root, the trace is useless.
                trace.drop()
        return span

    def report_unrecorded(self, parent: object) -> None:
        """Log the exception being handled, which kept a span from starting, and count it if the span is a root.

        Args:
            parent: The parent of the span.
        """
        if parent is None:
            self.sink.unrecorded += 1
        internal_error("starting a span")

    def join_trace(self, trace_id: str, span_id: str, sampled: bool, experiment: str | None) -> OpenTrace:
        """Return the local part of a trace that began in another process of this SDK.

        Args:
            trace_id: The trace's id, 32 hex digits.
            span_id: The id of the caller's span, 16 hex digits.
            sampled: The sampling decision of the other process.
            experiment: The experiment of the trace. None for the service's default.
        """
        if not page[0] and (tracer := self._renew()) is not self:
            return tracer.join_trace(trace_id, span_id, sampled, experiment)
        # The root decides the folder.
        context = pack_context(experiment, None)
        return OpenTrace(self.sink, context, None, self.mask, trace_id, sampled, int(span_id, 16))

    def join_foreign_trace(
        self,
        trace_id: str,
        span_id: str,
        sampled: bool | None,
        experiment: str | None,
        folder: str | None,
        metadata: dict[str, str],
    ) -> OpenTrace:
        """Return the local part of a trace whose root is never sent to the service.

        Args:
            trace_id: The trace's id, 32 hex digits.
            span_id: The id of the caller's span, 16 hex digits.
            sampled: The sampling decision. None to decide here.
            experiment: The experiment of the trace. None for the service's default.
            folder: The folder of the trace. None for unfiled.
            metadata: The masked metadata of the trace.
        """
        if not page[0] and (tracer := self._renew()) is not self:
            return tracer.join_foreign_trace(trace_id, span_id, sampled, experiment, folder, metadata)
        context = pack_context(experiment, folder, metadata or None, span_id)
        trace = OpenTrace(self.sink, context, self.sampler, self.mask, trace_id, sampled, int(span_id, 16))
        # Its topmost span in this process takes the place of the root.
        trace.root_ended = False
        if metadata:
            trace.describe(None, {}, metadata, is_masked=True)
        return trace

    def _renew(self) -> Tracer:
        """Renew tracing in a forked child, and return the tracer that records there instead of the parent's."""
        renew()
        # None if tracing was disabled meanwhile, or if the garbage collector called back into traced code in `renew`.
        return state.tracer or _NULL_TRACER

    def _start_trace(self, scope: Scope) -> OpenTrace:
        folder = scope.folder if scope.has_folder else self.folder
        metadata = mask_facts(scope.metadata, self.mask)
        context = pack_context(self.experiment, folder, metadata or None)
        trace = OpenTrace(self.sink, context, self.sampler, self.mask)
        if metadata:
            trace.describe(None, {}, metadata, is_masked=True)
        return trace


class _State:
    """Holder of the active tracer, which traced functions read at each call.

    Attributes:
        tracer: The tracer. None while nothing is recorded.
    """

    __slots__ = ("tracer",)

    def __init__(self) -> None:
        self.tracer: Tracer | None = None

    def __reduce__(self) -> str:
        """Pickle this object by its name: each process has its own."""
        return "state"


state: Final = _State()

_NULL_TRACER: Final = Tracer(NULL_SINK)
