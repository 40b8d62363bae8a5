"""Call sites of spans of OpenTelemetry: the name, the kind and the instrumentation scope that many spans share."""

from __future__ import annotations

from typing import Any, Final

from ace_tracing.recording.callsite import (
    MAX_AGENTS,
    MAX_REMEMBERED_BYTES,
    MAX_SITES,
    CallSite,
    InstrumentationScope,
    mask_span_type,
)
from ace_tracing.recording.frames import dump_json, pack_length
from ace_tracing.values.masking import WITHHELD, Mask, mask_name

UNKNOWN: Final = "UNKNOWN"


class ScopedSite(CallSite):
    """Call site with an instrumentation scope.

    Args:
        name: The span's name.
        scope: The instrumentation scope, and the span's kind.
        agent: The agent of the step. None to inherit the parent's.
        span_type: The kind of step, when it is known.
    """

    __slots__ = ("scope",)

    def __init__(
        self, name: str, scope: InstrumentationScope, agent: str | None = None, span_type: str = UNKNOWN
    ) -> None:
        super().__init__(name, span_type, None, agent)
        self.scope = scope
        encoded = dump_json((self.name, self.span_type, None, self.agent, None, scope))
        self.packed = pack_length(len(encoded)) + encoded

    def of(self, agent: str) -> ScopedSite:
        """Return the same call site for another agent."""
        known: Any = self._of_agents.get(agent)
        if known is None:
            site = ScopedSite(self.name, self.scope, agent, self.span_type)
            site._inherits_agent = True
            if len(self._of_agents) < MAX_AGENTS and len(site.packed) <= MAX_REMEMBERED_BYTES:
                self._of_agents[agent] = site
            return site
        return known  # type: ignore[no-any-return]

    def masked_by(self, mask: Mask) -> ScopedSite:
        """Return the same call site with a masked name, remembered unless the mask raised."""
        if self._masked is not None and self._masked[0] is mask:
            return self._masked[1]  # type: ignore[return-value]
        agent = self.agent if self.agent is None or self._inherits_agent else mask_name(self.agent, mask)
        site = ScopedSite(mask_name(self.name, mask), self.scope, agent, mask_span_type(self.span_type, mask))
        if len(site.packed) <= MAX_REMEMBERED_BYTES and WITHHELD.encode() not in site.packed:
            self._masked = mask, site
        return site

    def __reduce__(self) -> tuple[Any, ...]:
        return ScopedSite, (self.name, self.scope, self.agent, self.span_type)


class Sites:
    """The call sites of one instrumentation scope, remembered by name and kind.

    Args:
        scope: The scope. Its kind is replaced by that of each span.
    """

    __slots__ = ("_scope", "_sites")

    def __init__(self, scope: InstrumentationScope) -> None:
        self._scope = scope
        self._sites: dict[tuple[str, int], ScopedSite] = {}

    def get(self, name: str, kind: int) -> ScopedSite:
        """Return the call site of a span."""
        site = self._sites.get((name, kind))
        if site is None:
            site = ScopedSite(name, self._scope._replace(kind=kind))
            if len(self._sites) < MAX_SITES and len(site.packed) <= MAX_REMEMBERED_BYTES:
                self._sites[site.name, kind] = site
        return site
