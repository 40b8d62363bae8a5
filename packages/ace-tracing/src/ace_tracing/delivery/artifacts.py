"""Traces to a server that cannot take OTLP: the info of each trace, then all its spans in one file.

The file holds whole traces and cannot be added to. So what a server has of a trace is fetched and sent back with what
is new, each span once: a repeat changes nothing, and neither does a span that comes after its trace.
"""

from __future__ import annotations

from collections.abc import Sequence

from ace_tracing.delivery.deadline import seconds_left
from ace_tracing.delivery.onetrace import OneTrace
from ace_tracing.delivery.outcome import Outcome, Refused, Sent, TryAgain
from ace_tracing.delivery.service import Service
from ace_tracing.recording.frames import TraceRecord

ENOUGH_LEFT_S = 12.0
"""With less left of an attempt no further trace is begun: it takes a few requests, and each may take a while."""


class ArtifactSender:
    """Sends traces one by one, and remembers how far it got in a batch that it is given again.

    Args:
        service: where to.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._settled: dict[str, tuple[list[TraceRecord], Refused | None]] = {}

    def send(self, traces: Sequence[TraceRecord], experiment_id: str) -> Outcome | None:
        """Try once to store traces; None when the experiment is not there.

        Traces that are refused alone are told in `Sent`; the others need not be sent again without them.

        Raises:
            httpx.HTTPError: there was no whole answer.
        """
        by_id: dict[str, list[TraceRecord]] = {}
        for trace in traces:
            by_id.setdefault(trace.trace_id, []).append(trace)
        self._settled = {
            trace_id: settled for trace_id, settled in self._settled.items() if settled[0] == by_id.get(trace_id)
        }
        went_on = False
        for trace_id, records in by_id.items():
            if trace_id in self._settled:
                continue
            if went_on and (seconds_left() or 0.0) < ENOUGH_LEFT_S:
                return TryAgain(f"{len(self._settled)} of {len(by_id)} traces stored one by one so far", after=0.0)
            outcome = OneTrace(self._service, trace_id, experiment_id).store(records)
            if not isinstance(outcome, Sent | Refused):
                return outcome
            self._service.without_otlp()
            went_on = True
            self._settled[trace_id] = records, outcome if isinstance(outcome, Refused) else None
        settled, self._settled = self._settled, {}
        return _summary(list(settled.values()))


def _summary(settled: list[tuple[list[TraceRecord], Refused | None]]) -> Outcome:
    refusals = [(records, refusal) for records, refusal in settled if refusal is not None]
    if not refusals:
        return Sent()
    last = refusals[-1][1]
    if len(refusals) == len(settled):
        # Each has been tried alone.
        return Refused(last.reason)
    return Sent(sum(len(record.spans) for records, _ in refusals for record in records), last.reason)
