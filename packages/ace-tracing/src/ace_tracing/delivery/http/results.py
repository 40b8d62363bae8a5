"""Export results: the outcome of one attempt to send traces, as a value that is returned and counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Delivered:
    """The service accepted the request. None of its spans is sent again.

    Attributes:
        rejected: Number of spans in the request that the service did not store.
        reason: The service's message about them, for a log line. Empty without a message.
    """

    rejected: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Retryable:
    """The attempt failed, and a later one may succeed.

    Attributes:
        reason: The failure, for a log line.
        retry_after_s: Seconds to wait, from the `Retry-After` header. None without one.
        is_internal_error: Whether the response was 500. The request itself may cause it each time.
        is_exception: Whether an exception of unknown cause ended the attempt. The request itself may cause it, too.
    """

    reason: str
    retry_after_s: float | None = None
    is_internal_error: bool = False
    is_exception: bool = False


@dataclass(frozen=True, slots=True)
class Blocked:
    """The service accepts no traces until a setting outside the request is corrected. Traces are kept until then.

    Attributes:
        reason: The failure, for a log line.
        cause: The setting to correct: the API key, the address (including proxies on the way to it), or the experiment
            of these traces.
    """

    reason: str
    cause: Literal["key", "address", "experiment"]


@dataclass(frozen=True, slots=True)
class Rejected:
    """The service will never accept this request, or the request cannot be made.

    Attributes:
        reason: The service's response, for a log line.
        invalid_content: Whether part of the request is at fault. The rest may be accepted without that part.
        too_large: Whether the request is too large. It may be accepted in smaller batches.
        is_unsendable: Whether this process cannot encode or send the request. The service has not rejected it.
    """

    reason: str
    invalid_content: bool = False
    too_large: bool = False
    is_unsendable: bool = False


ExportResult = Delivered | Retryable | Blocked | Rejected
