"""What became of one attempt to send, and of everything sent so far. Loss of data is a value, counted and returned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Delivered:
    """The service has answered for it: nothing of it is to be sent again.

    Attributes:
        rejected: spans among it that the service did not store.
        reason: why it did not, or what else it had to say, for a log line.
    """

    rejected: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Retryable:
    """It may go through later.

    Attributes:
        reason: what happened, for a log line.
        after: seconds the service asked to be left alone for; None when it said nothing.
        inside: whether it is an error inside the service, which something in the request may bring about each time.
    """

    reason: str
    after: float | None = None
    inside: bool = False


@dataclass(frozen=True, slots=True)
class Blocked:
    """The service would take it once something is set right that is not in it; until then it is to be kept.

    Attributes:
        reason: what happened, for a log line.
        cause: what is to be set right: the key, or the address with what stands between it and here.
    """

    reason: str
    cause: Literal["key", "address"]


@dataclass(frozen=True, slots=True)
class Rejected:
    """The service will never take it as it is.

    Attributes:
        reason: what it said, for a log line.
        for_content: whether something in it is at fault, so that the rest may be taken without that.
        for_size: whether there is too much of it, so that it may be taken in parts.
    """

    reason: str
    for_content: bool = False
    for_size: bool = False


ExportResult = Delivered | Retryable | Blocked | Rejected
