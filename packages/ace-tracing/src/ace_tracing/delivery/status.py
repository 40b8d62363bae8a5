"""Status: the counts and the state of delivery that `flush`, `shutdown` and `tracing_status` return."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Final, Literal, NamedTuple

State = Literal["off", "idle", "sending", "waiting", "paused"]

_TROUBLE: Final[tuple[State, ...]] = ("off", "idle", "sending", "waiting", "paused")
"""The states, the one with the most trouble last."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """Counts of the traces that have finished, and of the feedback logged, since `configure`.

    It is true when nothing is pending or dropped. A span that ends after its trace's root counts as one more trace. So
    does a call of `update_current_trace` after the root, or in a process without it.

    Attributes:
        delivered: Traces and feedback that the service has stored.
        pending: Traces and feedback that wait to be sent.
        dropped: Lost traces and feedback, and lost single spans of traces that were stored.
        reasons: The number of dropped traces, spans and feedback by reason.
        feedback_delivered: The feedback in `delivered`.
        feedback_pending: The feedback in `pending`. It waits for its trace, too.
        feedback_dropped: The feedback in `dropped`.
        destinations: The counts of each destination, `"kayba"` or `"otlp"`, whose sums the others are. So a trace for
            two destinations counts twice in them.
    """

    delivered: int = 0
    pending: int = 0
    dropped: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict, compare=False)
    feedback_delivered: int = 0
    feedback_pending: int = 0
    feedback_dropped: int = 0
    destinations: Mapping[str, Delivery] = field(default_factory=dict, compare=False, repr=False, kw_only=True)

    def __bool__(self) -> bool:
        return not self.pending and not self.dropped

    def __add__(self, other: Delivery) -> Delivery:
        reasons = dict(self.reasons)
        for reason, count in other.reasons.items():
            reasons[reason] = reasons.get(reason, 0) + count
        return Delivery(
            self.delivered + other.delivered,
            self.pending + other.pending,
            self.dropped + other.dropped,
            reasons,
            self.feedback_delivered + other.feedback_delivered,
            self.feedback_pending + other.feedback_pending,
            self.feedback_dropped + other.feedback_dropped,
            destinations=_merge(self.destinations, other.destinations),
        )

    def of(self, destination: str) -> Delivery:
        """Return the same counts as those of one destination."""
        return replace(self, destinations={destination: self})


class AttachmentCounts(NamedTuple):
    """Counts of attachments.

    Attributes:
        delivered: Those that the service has stored.
        left_out: Those that a note replaces, since the service did not store them.
    """

    delivered: int = 0
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class TracingStatus(Delivery):
    """Counts and state of delivery at this moment.

    Attributes:
        state: `"off"` before `configure`, after `shutdown` and while disabled; `"idle"` when nothing is pending;
            `"sending"`; `"waiting"` after a failed attempt, until the next one, and while feedback waits for its
            trace; `"paused"` while the service rejects the key or is not found at the address.
        recovered: Delivered traces and feedback that other processes had left in the spool when they ended.
        last_error: The error of the last attempt; None when the last attempt succeeded or there was none.
        spool: The folder that keeps pending traces and feedback when the process ends; None when there is no spool.
        spool_bytes: The approximate size of the recorded data that the spool, or the memory, still keeps, in bytes.
        attachments_delivered: Images, audio and files that this process has uploaded. One that the service is known to
            have is not uploaded again.
        attachments_left_out: Those that a note in their span replaces, since the service did not store them.

    With two destinations, `state` and `last_error` are those of the destination with the most trouble, and
    `destinations` contains the `TracingStatus` of each.
    """

    state: State = "off"
    recovered: int = 0
    last_error: str | None = None
    spool: str | None = None
    spool_bytes: int = 0
    attachments_delivered: int = 0
    attachments_left_out: int = 0

    @property
    def counts(self) -> Delivery:
        """The counts alone."""
        return Delivery(**{each.name: getattr(self, each.name) for each in fields(Delivery)})


def combine(statuses: Sequence[TracingStatus], names: Sequence[str], former: Delivery) -> TracingStatus:
    """Return the status of several destinations.

    Args:
        statuses: The status of each.
        names: The name of each.
        former: The counts of former configurations.
    """
    worst = max(statuses, key=lambda status: _TROUBLE.index(status.state))
    complete = {
        name: _with_counts(status, status.counts + former.destinations.get(name, Delivery()))
        for name, status in zip(names, statuses, strict=True)
    }
    total = sum((status.counts.of(name) for name, status in zip(names, statuses, strict=True)), former)
    status = replace(
        worst,
        recovered=sum(each.recovered for each in statuses),
        spool_bytes=max(each.spool_bytes for each in statuses),
        attachments_delivered=sum(each.attachments_delivered for each in statuses),
        attachments_left_out=sum(each.attachments_left_out for each in statuses),
    )
    return replace(_with_counts(status, total), destinations={**total.destinations, **complete})


def _with_counts(status: TracingStatus, counts: Delivery) -> TracingStatus:
    return replace(status, **{each.name: getattr(counts, each.name) for each in fields(Delivery)})


def _merge(first: Mapping[str, Delivery], second: Mapping[str, Delivery]) -> dict[str, Delivery]:
    """Return the counts of each destination."""
    merged = dict(first)
    for name, delivery in second.items():
        merged[name] = merged[name] + delivery if name in merged else delivery
    return merged
