"""Call sites: the fields that all spans of one place in the code share, encoded once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple, TypeVar

import orjson

from ace_tracing.recording.attributes import mask_attributes
from ace_tracing.recording.exceptions import format_text
from ace_tracing.recording.frames import CUT, dump_json, pack_length, take_within
from ace_tracing.values.masking import WITHHELD, Mask, mask_name

S = TypeVar("S", str, str | None)

MAX_NAME: Final = 1_000
"""Length limit of a name, type or agent: a server may refuse a whole request for one above 4,096 characters."""

MAX_SITE_BYTES: Final = 2 * 1024 * 1024
"""Size limit of an encoded call site. Every start frame contains one, and a frame must fit into a segment."""

MAX_SITES: Final = 1_000
"""Number of call sites of manual spans that are remembered."""

MAX_AGENTS: Final = 100
"""Number of agents for which a call site remembers its copy."""

MAX_REMEMBERED_BYTES: Final = 4 * 1024
"""Size limit of a remembered call site: a thousand large ones would fill the memory."""

_MAX_DECODED: Final = 1_000
_MAX_NAMES_BYTES: Final = 32 * 1024
"""Size reserved for the names of a call site and the note about its cut attributes."""


class CallSite:
    """Fields that all spans of one place in the code share.

    Args:
        name: The span's name.
        span_type: The kind of step.
        function: The name of the traced function. None for a manual span.
        agent: The agent that this step and all steps below it belong to.
        attributes: Encoded attributes recorded on every span.
    """

    __slots__ = (
        "_inherits_agent",
        "_masked",
        "_of_agents",
        "agent",
        "attributes",
        "function",
        "name",
        "packed",
        "span_type",
    )

    def __init__(
        self,
        name: str,
        span_type: str,
        function: str | None = None,
        agent: str | None = None,
        attributes: Mapping[str, orjson.Fragment] | None = None,
    ) -> None:
        self.name = name = _truncate(name)
        self.span_type = span_type = _truncate(span_type)
        self.function = function = _truncate(function)
        self.agent = agent = _truncate(agent)
        encoded = dump_json((name, span_type, function, agent, attributes))
        if attributes and len(encoded) > MAX_SITE_BYTES:
            # The reserve lets the copy for another agent keep the same attributes.
            kept, _ = take_within(MAX_SITE_BYTES - _MAX_NAMES_BYTES, attributes.items())
            note = f"{len(attributes) - len(kept)} attributes: together they have more than {MAX_SITE_BYTES} bytes"
            attributes = {**dict(kept), CUT: orjson.Fragment(orjson.dumps(note))}
            encoded = dump_json((name, span_type, function, agent, attributes))
        self.attributes = attributes
        self.packed = pack_length(len(encoded)) + encoded
        self._of_agents: dict[str, CallSite] = {}
        self._inherits_agent = False
        self._masked: tuple[Mask, CallSite] | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the fields without the remembered copies, which may contain the user's mask."""
        encoded = {key: orjson.dumps(value) for key, value in (self.attributes or {}).items()}
        return _restore, (self.name, self.span_type, self.function, self.agent, encoded)

    def of(self, agent: str) -> CallSite:
        """Return the same call site for another agent."""
        site = self._of_agents.get(agent)
        if site is None:
            site = CallSite(self.name, self.span_type, self.function, agent, self.attributes)
            site._inherits_agent = True
            if len(self._of_agents) < MAX_AGENTS and len(site.packed) <= MAX_REMEMBERED_BYTES:
                self._of_agents[agent] = site
        return site

    def masked_by(self, mask: Mask) -> CallSite:
        """Return the same call site with masked names and attributes, remembered unless the mask raised."""
        if self._masked is not None and self._masked[0] is mask:
            return self._masked[1]
        # An agent that is inherited was masked where it was named: a mask that hashes would give it a second name.
        agent = self.agent if self.agent is None or self._inherits_agent else mask_name(self.agent, mask)
        function = None if self.function is None else mask_name(self.function, mask)
        attributes = mask_attributes(self.attributes, mask) if self.attributes else None
        span_type = mask_span_type(self.span_type, mask)
        site = CallSite(mask_name(self.name, mask), span_type, function, agent, attributes)
        if len(site.packed) <= MAX_REMEMBERED_BYTES and WITHHELD.encode() not in site.packed:
            self._masked = mask, site
        return site


class InstrumentationScope(NamedTuple):
    """The library that made a span of OpenTelemetry, and the span's kind.

    Attributes:
        name: The name of the scope.
        version: Its version, empty for none.
        schema_url: The URL of its schema, empty for none.
        attributes: Its attributes.
        kind: The span's kind, as OTLP numbers it.
    """

    name: str
    version: str
    schema_url: str
    attributes: dict[str, Any]
    kind: int


class CallSiteFields(NamedTuple):
    """Decoded `CallSite`, with plain attributes.

    Attributes:
        scope: The scope of a span of OpenTelemetry. None for all other spans.
    """

    name: str
    span_type: str
    function: str | None
    agent: str | None
    attributes: dict[str, Any] | None
    scope: InstrumentationScope | None = None


def call_site(
    name: str, span_type: str, agent: str | None = None, attributes: Mapping[str, orjson.Fragment] | None = None
) -> CallSite:
    """Return the call site of a manual span. Call sites without attributes are remembered."""
    if attributes:
        return CallSite(name, span_type, None, agent, attributes)
    site = _sites.get((name, span_type, agent))
    if site is None:
        site = CallSite(name, span_type, None, agent)
        if len(_sites) < MAX_SITES and len(site.packed) <= MAX_REMEMBERED_BYTES:
            # The key is the truncated names, since the given ones may be very long.
            _sites[site.name, site.span_type, site.agent] = site
    return site


def mask_span_type(span_type: str, mask: Mask | None) -> str:
    """Return a span's type after the mask, which is asked only about types that are not `SpanType`'s own."""
    from ace_tracing.recording.span_types import SpanType

    return span_type if span_type in SpanType.__members__ else mask_name(span_type, mask)


def read_call_site(encoded: bytes) -> CallSiteFields:
    """Decode the call site of a start frame, as `frames.split_start` returns it."""
    fields = _decoded.get(encoded)
    if fields is None:
        fields = CallSiteFields(*orjson.loads(encoded))
        if fields.scope is not None:
            fields = fields._replace(scope=InstrumentationScope(*fields.scope))
        if len(_decoded) < _MAX_DECODED and len(encoded) <= MAX_REMEMBERED_BYTES:
            _decoded[encoded] = fields
    return fields


def _restore(
    name: str, span_type: str, function: str | None, agent: str | None, encoded: Mapping[str, bytes]
) -> CallSite:
    """Return a pickled call site."""
    attributes = {key: orjson.Fragment(value) for key, value in encoded.items()}
    return CallSite(name, span_type, function, agent, attributes or None)


_sites: dict[tuple[str, str, str | None], CallSite] = {}
_decoded: dict[bytes, CallSiteFields] = {}


def _truncate(name: S) -> S:
    # A name of another type, such as a number, would cost the whole span at the server.
    return None if name is None else (name if isinstance(name, str) else format_text(name))[:MAX_NAME]
