"""Trace while it runs: its id, its sink, its sampling decision, and the fields that its spans share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from ace_tracing.forks import renew_if_forked
from ace_tracing.recording import clock, ids
from ace_tracing.recording.attributes import mask_facts
from ace_tracing.recording.callsite import MAX_NAME
from ace_tracing.recording.exceptions import Passing
from ace_tracing.recording.frames import (
    DESCRIBED,
    TraceContext,
    dump_json,
    pack_length,
    pack_start,
    read_context,
)
from ace_tracing.recording.records import TraceDetails
from ace_tracing.recording.sink import NULL_SINK, Sink
from ace_tracing.values.masking import Mask, mask_name

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

_CONTEXT: Final = slice(16 + len(pack_length(0)), None)
"""Position of the context in the head of a trace, after the trace's id and the context's length."""


RemoteParentMode = Literal["auto", "follow", "own", "ignore"]
"""How the trace of a caller is continued, see `configure`."""


class Passthrough(NamedTuple):
    """`tracestate`, baggage and session of an incoming request, forwarded unchanged on outgoing calls.

    Attributes:
        tracestate: The W3C `tracestate` header as it was received, without this SDK's member. Empty without one.
        baggage: Members of the W3C `baggage` header as they were received.
        session: The caller's `session.id` and `user.id`.
    """

    tracestate: str
    baggage: tuple[str, ...]
    session: dict[str, str]


class OpenTrace:
    """Trace whose spans may still start and end in this process.

    Later changes of the tracer do not affect it.

    Args:
        sink: Receives the frames of its spans.
        context: Its experiment, folder and metadata, as `frames.pack_context` packs them.
        sampler: Decides whether it is kept. None keeps it.
        mask: Applied to every captured value and text. None records them unchanged.
        trace_id: The id of a trace that began in another process, 32 hex digits. A new id by default.
        sampled: The sampling decision of the other process. By default the sampler decides.
        top_parent: The id of the parent of its topmost spans in this process, 0 for a trace that begins here.

    Attributes:
        passing: The last exception that left a span, for the traceback of the spans around it.
    """

    __slots__ = (
        "_details_bytes",
        "_id",
        "_tail",
        "details",
        "epoch_ns",
        "forked_ns",
        "head",
        "mask",
        "passing",
        "passthrough",
        "put",
        "root_ended",
        "sampled",
        "sink",
        "top_parent",
    )

    def __init__(
        self,
        sink: Sink,
        context: bytes,
        sampler: Sampler | None = None,
        mask: Mask | None = None,
        trace_id: str | None = None,
        sampled: bool | None = None,
        top_parent: int = 0,
    ) -> None:
        self._id = number = (ids.getrandbits(128) or 1) if trace_id is None else int(trace_id, 16)
        self.head = number.to_bytes(16, "big") + context
        self.mask = mask
        self.top_parent = top_parent
        self.details: TraceDetails | None = None
        self._details_bytes = 0, 0
        self.passing: Passing | None = None
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

    @property
    def context(self) -> TraceContext:
        """The experiment and folder that it is filed in, read from its frames."""
        return read_context(self.head[_CONTEXT])

    def now_ns(self) -> int:
        """Return the time in nanoseconds since the epoch."""
        return self.epoch_ns + clock.perf_counter_ns()

    def describe(
        self, name: str | None, tags: dict[str, str], metadata: dict[str, str], *, is_masked: bool = False
    ) -> None:
        """Set the trace's name and add tags and metadata.

        The end frames of the root, or of the topmost spans in this process, contain them, so they are bounded.

        Args:
            name: The trace's name. None keeps the present one.
            tags: Tags to add.
            metadata: Entries of the metadata to add.
            is_masked: Whether the texts are masked already. By default the trace's mask is applied.
        """
        name = mask_name(str(name), None if is_masked else self.mask)[:MAX_NAME] if name else None
        if not is_masked:
            tags, metadata = mask_facts(tags, self.mask), mask_facts(metadata, self.mask)
        self._add_details(TraceDetails(name, tags, metadata))

    def update(self, name: str | None, tags: dict[str, str], metadata: dict[str, str]) -> None:
        """Describe the trace, and put a frame with the change.

        With it the change is known while the trace runs, if the process is killed, after the root has ended, and if
        the root is in another process.
        """
        renew_if_forked()
        name = mask_name(str(name), self.mask)[:MAX_NAME] if name else None
        given = TraceDetails(name, mask_facts(tags, self.mask), mask_facts(metadata, self.mask))
        self._add_details(given)
        change = TraceDetails(name, {}, {})
        _add_within(change.tags, given.tags, 0)
        _add_within(change.metadata, given.metadata, 0)
        is_dropped = self.put(pack_start(DESCRIBED, 0, 0, 0) + self.head + dump_json(change))
        if self.root_ended and not is_dropped:
            sink = self.sink
            # One statement, so no other thread's count is lost.
            sink.finished += 1
            if sink.asleep:
                sink.wake()

    def _add_details(self, given: TraceDetails) -> None:
        details = self.details or TraceDetails(None, {}, {})
        tags_bytes, metadata_bytes = self._details_bytes
        self._details_bytes = (
            _add_within(details.tags, given.tags, tags_bytes),
            _add_within(details.metadata, given.metadata, metadata_bytes),
        )
        self.details = TraceDetails(given.name or details.name, details.tags, details.metadata)

    def drop(self) -> None:
        """Discard all further frames of the trace."""
        self._tail = None
        self.sink = NULL_SINK
        self.put = NULL_SINK.put

    def decide(self, failed: bool, duration_ns: int) -> None:
        """Keep or drop a trace that the tail sampler holds, at the end of its root or of a topmost span."""
        tail = self._tail
        if tail is None:
            return
        if tail.is_kept(failed, duration_ns):
            self.sampled = True
            self._tail = None
            self.sink = tail.sink
            self.put = self.sink.put
            # `release` also passes on the frames that another thread still puts into the tail sampler meanwhile.
            if not tail.release() and not self.top_parent:
                # The buffer has no room for the root, and has counted it.
                self.drop()
        else:
            if not self.top_parent:
                self.drop()
            # In a trace of another process, further topmost spans may follow.
            tail.clear()

    def inherit(self, sink: Sink) -> None:
        """Continue the trace in a forked child, whose new spans go to `sink`.

        The parent process delivers the spans that started before the fork.
        """
        if self.sink is sink:
            return
        self.forked_ns = self.now_ns()
        if self._tail is not None:
            self._tail.clear()
            self._tail.sink = sink
        elif self.sampled:
            self.sink = sink
            self.put = sink.put
        self.root_ended = True


def _add_within(kept: dict[str, str], added: dict[str, str], used: int) -> int:
    """Add texts, with long ones cut. Past the limits, the first entries are kept.

    Args:
        kept: The texts that are present, to which the others are added.
        added: The texts to add.
        used: The size of the texts that are present, as this function has returned it.

    Returns:
        The size of all texts.
    """
    for key, text in added.items():
        name, cut = key[:MAX_NAME], _truncate(text)
        before = kept.get(name)
        size = used + _size_of(name, cut) - (0 if before is None else _size_of(name, before))
        if size <= MAX_DETAILS_BYTES and (before is not None or len(kept) - (DETAILS_CUT in kept) < MAX_DETAILS):
            kept[name] = cut
            used = size
        else:
            kept[DETAILS_CUT] = f"more than {MAX_DETAILS} entries, or {MAX_DETAILS_BYTES} bytes"
    return used


def _size_of(key: str, text: str) -> int:
    return len(dump_json((key, text)))


def _truncate(text: str) -> str:
    if len(text) <= MAX_DETAIL:
        return text
    return f"{text[:MAX_DETAIL]}<cut: {len(text) - MAX_DETAIL} more of {len(text)} characters>"
