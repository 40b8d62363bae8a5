"""A trace as HTML for a notebook: self-contained, without scripts, with all recorded text escaped."""

from __future__ import annotations

import json
from html import escape
from itertools import islice
from typing import Any, Final

from ace_tracing.reading.model import Span
from ace_tracing.reading.outline import MAX_LEVELS, Line, clean, format_headline, iter_lines
from ace_tracing.reading.tree import SpanTree

MAX_SPANS: Final = 500
MAX_VALUE: Final = 4_000
"""Characters of one value."""

# Text and background keep the notebook's colours, light or dark. Only bars and failed spans have a colour here.
_BOX: Final = "font-family:monospace;font-size:12px;line-height:1.5"
_ROW: Final = "margin:0 0 0 {indent}em"
_VALUE: Final = "margin:0 0 .3em 1.5em;white-space:pre-wrap;overflow-wrap:anywhere;max-height:20em;overflow:auto"
_BAR: Final = "display:inline-block;width:8em;height:.6em;background:rgba(128,128,128,.2)"
_BAR_FILL: Final = "display:block;height:100%;margin-left:{start:.2f}%;width:{length:.2f}%;background:{colour}"


def to_html(trace: SpanTree) -> str:
    """Return one foldable row per span with its inputs, outputs and events, for the first `MAX_SPANS` spans."""
    spans = trace.data.spans
    begin = min((span.start_time_ns for span in spans), default=0)
    end = max((span.end_time_ns or span.start_time_ns for span in spans), default=0)
    rows = "".join(_row(line, begin, end) for line in islice(iter_lines(trace), MAX_SPANS))
    hidden = len(spans) - MAX_SPANS
    more = f"<div>… {hidden:,} more spans</div>" if hidden > 0 else ""
    return f'<div style="{_BOX}"><div>{escape(format_headline(trace))}</div>{rows}{more}</div>'


def _row(line: Line, begin: int, end: int) -> str:
    failed = ' style="color:#c33"' if line.error else ""
    facts = " ".join(escape(part) for part in (line.span_type, line.duration, line.error) if part)
    values = "".join(_value(label, value) for label, value in _values(line.span))
    return (
        f'<details style="{_ROW.format(indent=1.5 * min(line.depth, MAX_LEVELS))}"><summary{failed}>'
        f"{_bar(line.span, begin, end)} <b>{escape(line.name)}</b> {facts}</summary>{values}</details>"
    )


def _bar(span: Span, begin: int, end: int) -> str:
    """Return a bar for the span's time within the time of the whole trace."""
    whole = max(end - begin, 1)
    start = 100 * (span.start_time_ns - begin) / whole
    length = 100 * ((span.end_time_ns or end) - span.start_time_ns) / whole
    colour = "#c33" if span.failed else "#48c"
    fill = _BAR_FILL.format(start=start, length=max(min(length, 100 - start), 0.5), colour=colour)
    return f'<span style="{_BAR}"><span style="{fill}"></span></span>'


def _values(span: Span) -> list[tuple[str, Any]]:
    values = [("inputs", span.inputs), ("outputs", span.outputs)]
    values += [
        (event.name, event.attributes.get("exception.stacktrace") or event.attributes or None) for event in span.events
    ]
    return [(label, value) for label, value in values if value is not None]


def _value(label: str, value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
    shown = text if len(text) <= MAX_VALUE else f"{text[:MAX_VALUE]}… {len(text) - MAX_VALUE:,} more characters"
    return f'<div>{escape(clean(label, 80))}</div><pre style="{_VALUE}">{escape(shown)}</pre>'
