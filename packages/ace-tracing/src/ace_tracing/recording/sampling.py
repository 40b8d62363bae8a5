"""Which traces are kept: a rate decided by the trace's id, and exceptions for those that failed or were slow."""

from __future__ import annotations

from dataclasses import dataclass

_ID_BITS = 56


@dataclass(frozen=True, slots=True)
class Sampler:
    """Keeps a share of the traces, the same ones in every process that sees them.

    Attributes:
        rate: the share kept, from 0.0 to 1.0. The random part of the trace's id decides, as W3C Trace Context and
            OpenTelemetry have it, so services that share a trace keep or drop it together.
        keep_errors: whether a trace whose root failed is kept whatever the rate.
        keep_slower_than: seconds; a trace whose root took longer is kept whatever the rate. None keeps none for that.
    """

    rate: float
    keep_errors: bool = True
    keep_slower_than: float | None = None

    def chooses(self, trace_id: str) -> bool:
        """Whether the rate alone keeps the trace of this id (32 hex digits)."""
        return int(trace_id[-_ID_BITS // 4 :], 16) >= (1.0 - self.rate) * (1 << _ID_BITS)

    def keeps_anyway(self, failed: bool, duration_ns: int) -> bool:
        """Whether a trace that the rate drops is kept for how its root ended."""
        if failed and self.keep_errors:
            return True
        return self.keep_slower_than is not None and duration_ns > self.keep_slower_than * 1e9
