"""Trace while it runs: its id, its sink, its sampling decision, and the fields that its spans share."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple

from ace_tracing.recording import clock, ids
from ace_tracing.recording.callsite import MAX_NAME
from ace_tracing.recording.frames import take_within
from ace_tracing.recording.records import TraceDetails
from ace_tracing.recording.sink import NULL_SINK, Sink
from ace_tracing.values.masking import Mask

if TYPE_CHECKING:
    from ace_tracing.recording.sampling import Sampler, TailSampler

DETAILS_CUT: Final = "trace.cut"
"""The tag, or the entry of the metadata, that records that others were left out."""
MAX_DETAIL: Final = 10_000
"""Length limit of a tag or of an entry of the metadata, in characters."""
MAX_DETAILS: Final = 1_000
"""Number of tags, and number of entries of the metadata, that a trace may have."""
MAX_DETAILS_BYTES: Final = 512 * 1024
"""Size limit of the tags, and of the metadata, of a trace."""


class Passthrough(NamedTuple):
    """`tracestate` and baggage of an incoming request, forwarded unchanged on outgoing calls.

    Attributes:
        tracestate: The W3C `tracestate` header as it was received. Empty without one.
        baggage: Members of the W3C `baggage` header as they were received.
    """

    tracestate: str
    baggage: tuple[str, ...]


class OpenTrace:
    """Trace whose spans may still start and end in this process.

    Later changes of the tracer do not affect it.

    Args:
        sink: Receives the frames of its spans.
        context: Its experiment, folder and metadata, as `frames.pack_context` packs them.
        sampler: Decides whether it is kept. None keeps it.
        mask: Applied to every captured value. None records values unchanged.
        trace_id: The id of a trace that began in another process, 32 hex digits. A new id by default.
        sampled: The sampling decision of the other process. By default the sampler decides.
    """

    __slots__ = (
        "_id",
        "_tail",
        "details",
        "epoch_ns",
        "forked_ns",
        "head",
        "mask",
        "passthrough",
        "put",
        "root_ended",
        "sampled",
        "sink",
    )

    def __init__(
        self,
        sink: Sink,
        context: bytes,
        sampler: Sampler | None = None,
        mask: Mask | None = None,
        trace_id: str | None = None,
        sampled: bool | None = None,
    ) -> None:
        self._id = number = (ids.getrandbits(128) or 1) if trace_id is None else int(trace_id, 16)
        self.head = number.to_bytes(16, "big") + context
        self.mask = mask
        self.details: TraceDetails | None = None
        self.passthrough: Passthrough | None = None
        # The time of the fork, in a child process: spans that started before it belong to the parent process.
        self.forked_ns: int | None = None
        # A trace that began in another process has its root there, so the spans here do not wait for it.
        self.root_ended = trace_id is not None
        self._tail: TailSampler | None = None
        if sampled is None:
            sampled = True
            if sampler is not None and not sampler.is_sampled(self.trace_id):
                sampled = False
                self._tail = sink = sampler.hold(sink)
        elif not sampled:
            sink = NULL_SINK
        self.sampled = sampled
        self.sink: Sink = sink
        self.put = sink.put
        # The wall clock is read once for each trace: a clock set back meanwhile cannot make a duration negative.
        self.epoch_ns = clock.wall_clock_offset_ns()

    @property
    def trace_id(self) -> str:
        """32 hex digits."""
        return f"{self._id:032x}"

    def now_ns(self) -> int:
        """Return the time in nanoseconds since the epoch."""
        return self.epoch_ns + clock.perf_counter_ns()

    def describe(self, name: str | None, tags: dict[str, str], metadata: dict[str, str]) -> None:
        """Set the trace's name and add tags and metadata. The root's end frame contains them, so they are bounded."""
        old = self.details or TraceDetails(None, {}, {})
        name = name[:MAX_NAME] if isinstance(name, str) else name
        self.details = TraceDetails(
            name or old.name, _merge_within(old.tags, tags), _merge_within(old.metadata, metadata)
        )

    def drop(self) -> None:
        """Discard all further frames of the trace."""
        self._tail = None
        self.sink = NULL_SINK
        self.put = NULL_SINK.put

    def decide(self, failed: bool, duration_ns: int) -> None:
        """Keep or drop a trace that the tail sampler holds, at the end of its root."""
        tail = self._tail
        if tail is None:
            return
        if tail.is_kept(failed, duration_ns):
            self.sampled = True
            self._tail = None
            self.sink = tail.sink
            self.put = self.sink.put
            # `release` also passes on the frames that another thread still puts into the tail sampler meanwhile.
            tail.release()
        else:
            self.drop()
            tail.clear()

    def inherit(self, sink: Sink) -> None:
        """Continue the trace in a forked child, whose new spans go to `sink`.

        The parent process delivers the spans that started before the fork.
        """
        self.forked_ns = self.now_ns()
        if self._tail is not None:
            self._tail.clear()
            self._tail.sink = sink
        elif self.sampled:
            self.sink = sink
            self.put = sink.put
        self.root_ended = True


def _merge_within(old: dict[str, str], new: dict[str, str]) -> dict[str, str]:
    """Return both dicts merged, with long texts cut. Past the limits, the first entries are kept."""
    merged = old | {key[:MAX_NAME]: _truncate(text) for key, text in new.items()}
    kept, _ = take_within(MAX_DETAILS_BYTES, islice(merged.items(), MAX_DETAILS))
    if len(kept) == len(merged):
        return merged
    return {**dict(kept), DETAILS_CUT: f"more than {MAX_DETAILS} entries, or {MAX_DETAILS_BYTES} bytes"}


def _truncate(text: str) -> str:
    if len(text) <= MAX_DETAIL:
        return text
    return f"{text[:MAX_DETAIL]}<cut: {len(text) - MAX_DETAIL} more of {len(text)} characters>"
