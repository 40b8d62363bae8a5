"""Callers: how far the trace context of an incoming request is followed.

A caller that records with this SDK marks its requests with two baggage members, so that a service knows whether the
parent span reaches the Kayba service too:

- `kayba.trace`: the trace's id and `-01` or `-00`, the sampling decision of its root. A marker whose id is not the one
  of the traceparent is stale: another system has started a new trace and forwarded the baggage.
- `kayba.experiment`: the experiment of the trace, percent-encoded. Empty for the service's default.

Every other caller is foreign.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from ace_tracing.diagnostics import warn
from ace_tracing.propagation.span_context import SESSION_KEYS, SpanContext
from ace_tracing.propagation.w3c import TraceParent
from ace_tracing.recording.attributes import mask_facts
from ace_tracing.recording.context import Scope, current_scope
from ace_tracing.recording.frames import CONTROL_CHARACTERS, MAX_EXPERIMENT_CHARS
from ace_tracing.recording.trace import Passthrough
from ace_tracing.recording.tracer import Tracer

MARKER: Final = "kayba.trace"
EXPERIMENT: Final = "kayba.experiment"

KNOWN_KEYS: Final = (MARKER, EXPERIMENT, *SESSION_KEYS)
"""Keys of the baggage members that this package reads and writes."""

_MARKER_VALUE: Final = re.compile(r"([0-9a-f]{32})-0([01])")
# Also lone surrogates, and the character that stands for undecodable bytes.
_NOT_IN_A_NAME: Final = re.compile(CONTROL_CHARACTERS[:-1] + r"\ud800-\udfff\ufffd]")


class Caller(NamedTuple):
    """Trace context of an incoming request.

    Attributes:
        parent: The caller's span.
        members: The values of the known baggage members.
        passthrough: The remaining headers, for outgoing calls.
    """

    parent: TraceParent
    members: Mapping[str, str]
    passthrough: Passthrough

    def to_span_context(self, tracer: Tracer) -> SpanContext:
        """Return the parent for spans of this process, as the tracer's `remote_parent` allows."""
        mode, flag = tracer.remote_parent, self.parent.sampled
        marked = None if mode == "own" else self._marked_decision()
        # The caller may have no mask, or another one.
        session = mask_facts({key: text for key in SESSION_KEYS if (text := self.members.get(key))}, tracer.mask)
        trace_id, span_id, _ = self.parent
        if mode == "follow" and not flag and marked is not False:
            warn(
                "remote_parent",
                "The traceparent of a request has the sampled flag 00, so the request is not recorded, as "
                'configure(remote_parent="follow") demands. If a load balancer sets the flag, use "auto" or "own"',
            )
        if marked is not None:
            experiment = _read_experiment(self.members.get(EXPERIMENT), tracer.experiment)
            sampled = flag if mode == "follow" else marked
            return SpanContext(trace_id, span_id, sampled, None, session, self.passthrough, experiment)
        # The flag 00 of a foreign caller is no decision: load balancers set it on every request that they forward.
        is_decision = mode == "follow" or (mode == "auto" and flag)
        scope = current_scope.get() or Scope()
        return SpanContext(
            trace_id,
            span_id,
            flag if is_decision else None,
            None,
            session | mask_facts(scope.metadata, tracer.mask),
            self.passthrough,
            tracer.experiment,
            scope.folder if scope.has_folder else tracer.folder,
            is_foreign=True,
        )

    def _marked_decision(self) -> bool | None:
        """Return the root's sampling decision, as a caller of this SDK sends it; None if the caller is foreign."""
        found = _MARKER_VALUE.fullmatch(self.members.get(MARKER, ""))
        return found[2] == "1" if found and found[1] == self.parent.trace_id else None


def own_members(context: SpanContext) -> dict[str, str]:
    """Return the values of the baggage members for a request whose parent is a span of this process."""
    members = dict(context.session)
    if not context.is_foreign:
        decision = "01" if context.sampled else "00"
        members = {MARKER: f"{context.trace_id}-{decision}", EXPERIMENT: context.experiment or "", **members}
    return members


def _read_experiment(sent: str | None, own: str | None) -> str | None:
    """Return the experiment that a caller has sent; this service's own for an unusable name."""
    if sent is None or len(sent) > MAX_EXPERIMENT_CHARS or _NOT_IN_A_NAME.search(sent):
        return own
    return sent if sent.strip() else None
