"""What has become of everything traced so far: what `flush`, `shutdown` and `tracing_status` tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

State = Literal["off", "idle", "sending", "waiting", "paused"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """What has become of the traces finished so far; true when none is pending or lost.

    Attributes:
        delivered: traces that the service has stored.
        pending: traces still waiting to be sent.
        dropped: traces lost, and single spans lost of traces that were not; `reasons` says why.
        reasons: how many were dropped, by reason.

    Counted since tracing was configured. A span that ended after its trace's root counts as one more.
    """

    delivered: int = 0
    pending: int = 0
    dropped: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict, compare=False)

    def __bool__(self) -> bool:
        return not self.pending and not self.dropped

    def __add__(self, other: Delivery) -> Delivery:
        reasons = dict(self.reasons)
        for reason, count in other.reasons.items():
            reasons[reason] = reasons.get(reason, 0) + count
        return Delivery(
            self.delivered + other.delivered, self.pending + other.pending, self.dropped + other.dropped, reasons
        )


@dataclass(frozen=True, slots=True)
class TracingStatus(Delivery):
    """How delivery stands at this moment.

    Attributes:
        state: `"off"` before `configure`, after `shutdown` and while disabled; `"idle"` when nothing is to be sent;
            `"sending"`; `"waiting"` after an attempt that failed, until the next; `"paused"` while the service does not
            take the key, or is not found at the address.
        recovered: traces delivered that other processes had left in the spool when they ended.
        last_error: what the last attempt that failed met with; None when there was none since the last success.
        spool: the folder that keeps what is pending when the process ends; None when there is none.
        spool_bytes: how much there, or in memory, the sender has not looked at yet, in bytes.
    """

    state: State = "off"
    recovered: int = 0
    last_error: str | None = None
    spool: str | None = None
    spool_bytes: int = 0
