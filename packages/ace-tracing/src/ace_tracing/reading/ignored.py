"""Ignored parts of spans: the rules of `Trace.diff(ignore=...)`.

A rule is a name or a path, in which `*` stands for any text, a regular expression for parts of texts, or the name of a
set of such rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from ace_tracing.errors import ConfigurationError
from ace_tracing.reading.model import Span, SpanStatus

Rule: TypeAlias = str | re.Pattern[str]

IGNORED: Final = "<ignored>"
"""The replacement of an ignored part of a text, and of an ignored item of a list."""

_ID_NAMES: Final = ("id", "*_id", "*-id", "*Id", "*ID", "ids", "*_ids", "*Ids", "uuid", "*_uuid", "guid", "*_guid")
_TIME_NAMES: Final = (
    "time", "*_time", "*Time", "timestamp", "*_timestamp", "*Timestamp", "date", "*_date", "*Date", "*_at", "*At",
    "created", "updated", "now", "duration", "duration_*", "*_duration", "elapsed", "elapsed_*", "latency", "latency_*",
    "*_latency", "*_ms", "*_ns", "*_seconds",
)  # fmt: skip
_IDS: Final = re.compile(
    r"""
    \b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b  # UUID
  | \b(?:tr-)?(?=[0-9a-f]*[0-9])[0-9a-f]{16,64}\b             # id of a trace or a span, hash
  | \b[a-z]{2,12}[-_](?=[A-Za-z0-9]*[0-9])[A-Za-z0-9]{12,}\b  # id of a model API: chatcmpl-..., call_...
  | \b[0-7][0-9A-HJKMNP-TV-Z]{25}\b                           # ULID
    """,
    re.VERBOSE,
)
_TIMES: Final = re.compile(
    r"""
    \b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[ ]?[+-]\d\d:?\d\d)?)?(?!\d)
  | \b\d\d:\d\d:\d\d(?:[.,]\d+)?\b
    """,
    re.VERBOSE,
)
SETS: Final[Mapping[str, tuple[Rule, ...]]] = {"ids": (*_ID_NAMES, _IDS), "times": (*_TIME_NAMES, _TIMES)}
"""The named sets of rules."""


class Ignored:
    """The rules of one comparison.

    Args:
        rules: One rule or several.

    Raises:
        ConfigurationError: A rule is neither text nor a regular expression.
    """

    def __init__(self, rules: Rule | Iterable[Rule]) -> None:
        names: list[str] = []
        self._patterns: list[re.Pattern[str]] = []
        for rule in _flatten(rules):
            if isinstance(rule, str):
                names.append(rule)
            else:
                self._patterns.append(rule)
        self._names = re.compile("|".join(map(_translate, names))) if names else None

    def has_field(self, name: str) -> bool:
        """Return whether a field of the span is ignored as a whole."""
        return self._names is not None and self._names.fullmatch(name) is not None

    def reduce(self, span: Span) -> Span:
        """Return a span without its ignored parts."""
        if self._names is None and not self._patterns:
            return span
        status = span.status
        description = None if self._is_named("status.description", "description") else status.description
        return Span(
            self._reduce_text(span.name),
            span.trace_id,
            span.span_id,
            span.parent_id,
            span.span_type,
            span.start_time_ns,
            span.end_time_ns,
            SpanStatus(status.status_code, self._reduce_text(description or "")),
            self._reduce_value("inputs", span.inputs),
            self._reduce_value("outputs", span.outputs),
            span.attributes,
            span.events,
            span.links,
        )

    def _reduce_value(self, path: str, value: Any) -> Any:
        if isinstance(value, str):
            return self._reduce_text(value)
        if isinstance(value, Mapping):
            reduced: dict[str, Any] = {}
            for key, item in value.items():
                if not self._is_named(f"{path}.{key}", key):
                    reduced[_unique(self._reduce_text(key), reduced)] = self._reduce_value(f"{path}.{key}", item)
            return reduced
        if isinstance(value, Sequence):
            paths = (f"{path}[{index}]" for index in range(len(value)))
            return [
                IGNORED if self._is_named(place) else self._reduce_value(place, item)
                for place, item in zip(paths, value, strict=True)
            ]
        return value

    def _reduce_text(self, text: str) -> str:
        for pattern in self._patterns:
            text = pattern.sub(IGNORED, text)
        return text

    def _is_named(self, *names: str) -> bool:
        return self._names is not None and any(self._names.fullmatch(name) for name in names)


def _flatten(rules: Rule | Iterable[Rule]) -> Iterable[Rule]:
    given = [rules] if isinstance(rules, str | re.Pattern) or not isinstance(rules, Iterable) else rules
    for rule in given:
        if isinstance(rule, re.Pattern) and isinstance(rule.pattern, str):
            yield rule
        elif isinstance(rule, str):
            yield rule
            yield from SETS.get(rule, ())
        else:
            raise ConfigurationError(
                f"ignore={rule!r}: give names, paths such as 'outputs.id', regular expressions, 'ids' or 'times'."
            )


def _translate(name: str) -> str:
    """Return a name or path with `*` as a regular expression."""
    return "(?s:" + re.escape(name).replace(r"\*", ".*") + ")"


def _unique(key: str, used: Mapping[str, Any]) -> str:
    """Return the key, with a number when it is used already: two keys may differ in an ignored part only."""
    number, unique = 1, key
    while unique in used:
        number += 1
        unique = f"{key} #{number}"
    return unique
