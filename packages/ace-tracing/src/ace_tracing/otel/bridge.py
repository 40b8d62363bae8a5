"""Bridge: OpenTelemetry's context and this package's current span are one.

This package's context variable is the truth about the current span. OpenTelemetry's own context is kept as it is.
Reading it replaces its span by the current one, and attaching a context makes its span the current one. So `@trace`
does not know about OpenTelemetry, and each nests inside the other.
"""

from __future__ import annotations

from contextvars import ContextVar, Token
from typing import Any, Final, NamedTuple
from urllib.parse import quote, unquote

from opentelemetry import context as context_api
from opentelemetry.baggage import _BAGGAGE_KEY as BAGGAGE_KEY
from opentelemetry.context import Context
from opentelemetry.trace.propagation import _SPAN_KEY as SPAN_KEY

from ace_tracing.diagnostics import internal_error
from ace_tracing.interrupts import raise_interrupt
from ace_tracing.otel.parents import ForeignParent, is_same, to_current, to_span
from ace_tracing.propagation.callers import KNOWN_KEYS, own_members
from ace_tracing.propagation.companion import companion
from ace_tracing.propagation.span_context import SESSION_KEYS, current_span_context
from ace_tracing.propagation.w3c import is_key
from ace_tracing.recording.context import UNSAMPLED, CurrentSpan, Scope, current_scope, current_span

SUPPRESS_KEYS: Final = (context_api._SUPPRESS_INSTRUMENTATION_KEY, "suppress_instrumentation")
"""The keys that instrumentations look up, the second one with older versions."""


class _ContextVariable:
    """The part of a context variable that instrumentations use: `token.var.reset(token)` in place of `detach`."""

    def reset(self, token: Any) -> None:
        """Detach a context."""
        context_api._RUNTIME_CONTEXT.detach(token)


_variable: Final = _ContextVariable()


class _Attached(NamedTuple):
    """Token of an attached context, with the `var` of OpenTelemetry's own tokens.

    Attributes:
        token: The token of OpenTelemetry's own context.
        context: The context.
        current: The span that became the current one.
        span_token: Its token.
        scope_token: The token of the scope with the session of the context's baggage. None without one.
    """

    token: Any
    context: Context
    current: CurrentSpan
    span_token: Token[CurrentSpan]
    scope_token: Token[Scope | None] | None

    @property
    def var(self) -> _ContextVariable:
        """The variable of the token."""
        return _variable


class _Derived(NamedTuple):
    """The context that was read last, and what it was made of."""

    context: Context
    current: CurrentSpan
    scope: Scope | None
    details: object
    result: Context


_derived: Final[ContextVar[_Derived | None]] = ContextVar("ace_tracing_otel_context", default=None)


class Bridge:
    """The bridge of this process to one runtime context of OpenTelemetry.

    The methods of the runtime context are replaced on the object itself, which other packages may have imported.

    Args:
        runtime_context: The runtime context.
    """

    def __init__(self, runtime_context: Any) -> None:
        self._runtime_context = runtime_context
        self._attach = runtime_context.attach
        self._detach = runtime_context.detach
        self._get_current = runtime_context.get_current

    def install(self) -> None:
        """Replace the methods of the runtime context."""
        context = self._runtime_context
        context.attach, context.detach, context.get_current = self.attach, self.detach, self.get_current

    def remove(self) -> None:
        """Restore the methods of the runtime context, except that tokens of the bridge are still detached."""
        del self._runtime_context.attach, self._runtime_context.get_current

    def get_current(self) -> Context:
        """Return OpenTelemetry's context with the current span in place of its own."""
        context: Context = self._get_current()
        try:
            current, scope, known = current_span.get(), current_scope.get(), _derived.get()
            if (
                known is not None
                and known.context is context
                and known.current is current
                and known.scope is scope
                and known.details is _details_of(current)
            ):
                return known.result
            return self._derive(context, current, scope, is_new=known is None)
        except Exception:  # noqa: BLE001 - see diagnostics.guard
            internal_error("reading OpenTelemetry's context")
            return context

    def attach(self, context: Context) -> object:
        """Make a context of OpenTelemetry the current one, and its span the current span."""
        token = self._attach(context)
        try:
            current = to_current(context.get(SPAN_KEY), context)
            scope_token = None
            baggage = context.get(BAGGAGE_KEY)
            if isinstance(baggage, dict) and baggage:
                scope_token = _enter_session(baggage)
            return _Attached(token, context, current, current_span.set(current), scope_token)
        except Exception:  # noqa: BLE001 - see diagnostics.guard
            internal_error("attaching a context of OpenTelemetry")
            return token

    def detach(self, token: Any) -> None:
        """Restore the context and the span before `attach`, also in another context than that of `attach`."""
        if type(token) is not _Attached:
            self._detach(token)
            return
        _reset(current_span, token.span_token, token.current)
        if token.scope_token is not None:
            _reset(current_scope, token.scope_token, current_scope.get())
        try:
            self._detach(token.token)
        except (ValueError, RuntimeError) as error:
            raise_interrupt(error)
            # Another context than that of `attach`, or detached twice. OpenTelemetry would log a traceback.
            if isinstance(error, ValueError) and self._get_current() is token.context:
                before = getattr(token.token, "old_value", None)
                self._attach(before if isinstance(before, Context) else Context())

    # --- the companion of `propagation`, which carries the span itself

    def capture(self) -> Context:
        """Return OpenTelemetry's own context."""
        context: Context = self._get_current()
        return context

    def enter(self, context: Context) -> object:
        """Make a captured context OpenTelemetry's own one."""
        return self._attach(context)

    def leave(self, token: Any) -> None:
        """Restore the context before `enter`."""
        try:
            self._detach(token)
        except (ValueError, RuntimeError) as error:
            raise_interrupt(error)

    def pack(self, context: Context) -> object:
        """Return the baggage of a captured context. In another process, it turns the bridge on there."""
        return PackedContext(_texts_of(context.get(BAGGAGE_KEY)))

    def baggage_members(self) -> dict[str, str]:
        """Return the members of the baggage header, without this package's own, by their keys."""
        baggage = {
            key: text
            for key, text in _texts_of(self.get_current().get(BAGGAGE_KEY)).items()
            if key not in KNOWN_KEYS and is_key(key)
        }
        return {key: f"{key}={quote(text, safe='', errors='replace')}" for key, text in baggage.items()}

    def _derive(self, context: Context, current: CurrentSpan, scope: Scope | None, *, is_new: bool) -> Context:
        """Return a context with the current span and its baggage, and remember it for the next call."""
        span = context.get(SPAN_KEY)
        if current is None and is_new and span is not None:
            # It was attached before the bridge was there.
            current = to_current(span, context)
            current_span.set(current)
        changed: dict[str, object] = {}
        if not is_same(span, current):
            changed[SPAN_KEY] = to_span(current)
        if current is UNSAMPLED:
            # This package's own requests are no spans of the user.
            changed |= dict.fromkeys(SUPPRESS_KEYS, True)
        baggage = context.get(BAGGAGE_KEY)
        present = baggage if isinstance(baggage, dict) else {}
        wanted = _merge_baggage(present, _own_baggage(current, scope))
        if wanted != present:
            changed[BAGGAGE_KEY] = wanted
        result = context
        if changed:
            merged = {**context, **changed}
            if merged.get(SPAN_KEY, ...) is None:
                del merged[SPAN_KEY]
            result = Context(merged)
        _derived.set(_Derived(context, current, scope, _details_of(current), result))
        return result


class PackedContext:
    """The baggage of a context, for a pickle that is read as a context.

    Args:
        baggage: The baggage.
    """

    def __init__(self, baggage: dict[str, str]) -> None:
        self._baggage = baggage

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpack, (self._baggage,)


def _unpack(baggage: dict[str, str]) -> Context:
    """Turn the bridge on in a new process, and return a context with the baggage of the process that started it."""
    activate()
    return Context({BAGGAGE_KEY: baggage} if baggage else {})


def _texts_of(baggage: object) -> dict[str, str]:
    """Return the entries of a baggage as texts."""
    return {key: str(value) for key, value in baggage.items() if type(key) is str} if isinstance(baggage, dict) else {}


def _own_baggage(current: CurrentSpan, scope: Scope | None) -> dict[str, str]:
    """Return the members that tell another process about the current trace, and its session."""
    if current is UNSAMPLED or _is_unjoined(current):
        return {}
    context = current_span_context()
    if context is not None:
        received = context.passthrough.baggage if context.passthrough else ()
        return {**_decode_members(received), **own_members(context)}
    return {} if scope is None else {key: text for key in SESSION_KEYS if (text := scope.metadata.get(key))}


def _details_of(current: CurrentSpan) -> object:
    """Return the name, tags and metadata of the current trace, which replace one another when they change."""
    return None if current is None or _is_unjoined(current) else current._trace.details


def _is_unjoined(current: CurrentSpan) -> bool:
    """Return whether the current span is another provider's, below which there is no span of this process."""
    return isinstance(current, ForeignParent) and not current.is_joined


def _decode_members(members: tuple[str, ...]) -> dict[str, str]:
    """Return the members of a baggage header that a caller has sent, without their properties."""
    decoded = {}
    for member in members:
        key, _, value = member.partition(";")[0].partition("=")
        decoded[key.strip()] = unquote(value.strip(), errors="replace")
    return decoded


def _merge_baggage(present: dict[str, object], own: dict[str, str]) -> dict[str, object]:
    """Return the user's baggage with this package's members. A session of the user stays."""
    merged: dict[str, object] = {
        key: value for key, value in present.items() if key in SESSION_KEYS or key not in KNOWN_KEYS
    }
    return {**merged, **{key: text for key, text in own.items() if key not in merged}}


def _enter_session(baggage: dict[str, object]) -> Token[Scope | None] | None:
    """Make the session of a context's baggage that of the traces that start below it."""
    found = {key: text for key in SESSION_KEYS if isinstance(text := baggage.get(key), str) and text}
    if not found:
        return None
    scope = current_scope.get() or Scope()
    if found.items() <= scope.metadata.items():
        return None
    return current_scope.set(scope._replace(metadata=scope.metadata | found))


def _reset(variable: ContextVar[Any], token: Token[Any], attached: object) -> None:
    """Restore a context variable at the end of a block."""
    try:
        variable.reset(token)
    except (ValueError, RuntimeError) as error:
        raise_interrupt(error)
        if isinstance(error, ValueError) and variable.get() is attached:
            # A copy of the context in which the token was made.
            before = token.old_value
            variable.set(None if before is Token.MISSING else before)


_bridge: Bridge | None = None


def activate() -> Bridge:
    """Make OpenTelemetry's context and this package's current span one, from now on."""
    global _bridge
    if _bridge is None:
        _bridge = Bridge(context_api._RUNTIME_CONTEXT)
        _bridge.install()
        companion.bridge = _bridge
    return _bridge


def deactivate() -> None:
    """Restore OpenTelemetry's runtime context."""
    global _bridge
    if _bridge is not None:
        companion.bridge = None
        _bridge.remove()
        _bridge = None


def active_bridge() -> Bridge | None:
    """Return the bridge while it is on."""
    return _bridge
