"""What became of one attempt to send, and of everything sent so far. Loss of data is a value, counted and returned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Sent:
    """The service has answered for it: nothing of it is to be sent again.

    Attributes:
        rejected: spans among it that the service did not store.
        reason: why it did not, or what else it had to say, for a log line.
    """

    rejected: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class TryAgain:
    """It may go through later.

    Attributes:
        reason: what happened, for a log line.
        after: seconds the service asked to be left alone for; None when it said nothing.
    """

    reason: str
    after: float | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """The service would take it once something is set right that is not in it; until then it is to be kept.

    Attributes:
        reason: what happened, for a log line.
        cause: what is to be set right: the key, or the address with what stands between it and here.
    """

    reason: str
    cause: Literal["key", "address"]


@dataclass(frozen=True, slots=True)
class Refused:
    """The service will never take it as it is.

    Attributes:
        reason: what it said, for a log line.
        for_content: whether something in it is at fault, so that the rest may be taken without that.
    """

    reason: str
    for_content: bool = False


Outcome = Sent | TryAgain | Held | Refused


@dataclass(frozen=True, slots=True)
class Delivery:
    """What has become of the traces finished so far; true when none is pending or lost.

    Attributes:
        delivered: traces that the service has stored.
        pending: traces still waiting to be sent.
        dropped: traces lost, because the service refused them or there was no room to keep them.

    Counted since tracing was configured. A span that ended after its trace's root counts as one more.
    """

    delivered: int = 0
    pending: int = 0
    dropped: int = 0

    def __bool__(self) -> bool:
        return not self.pending and not self.dropped

    def __add__(self, other: Delivery) -> Delivery:
        return Delivery(self.delivered + other.delivered, self.pending + other.pending, self.dropped + other.dropped)
