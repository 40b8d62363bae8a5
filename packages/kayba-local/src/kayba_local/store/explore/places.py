"""Places of a trace that contain a text: names, inputs, outputs, attributes and events of its spans."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from kayba_local.otlp.spans import INPUTS, OUTPUTS, Span, decode
from kayba_local.store import revisions
from kayba_local.store.database import Database
from kayba_local.store.traces import contents
from kayba_local.store.traces.traces import get_row

SNIPPET_CHARACTERS: Final = 60
"""Characters of a snippet on each side of the text."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a span.

    Attributes:
        span_id: The span.
        where: `name`, `inputs`, `outputs`, `attributes` or `events`.
        snippet: The text around the place.
        offset: The place of the text in the snippet, in characters.
    """

    span_id: str
    where: str
    snippet: str
    offset: int


@dataclass(frozen=True, slots=True)
class Places:
    """The first places of a trace. `more` tells that there are further ones."""

    places: Sequence[Place]
    more: bool
    revision: int


def find_places(db: Database, trace_id: str, text: str, limit: int) -> Places:
    """Return the places of a trace that contain a text, without regard to upper and lower case.

    A part of a span is one place, however often it contains the text.

    Raises:
        DoesNotExist: No trace has this id.
    """
    wanted = text.casefold()
    found: list[Place] = []
    with db.read() as tx:
        row = get_row(tx, trace_id)
        revision = revisions.read(tx)
        for stored in contents.iterate(tx, row["id"]):
            span = decode(stored)
            for where, value in parts_of(span):
                place = find_place(span.span_id, where, value, wanted)
                if place is None:
                    continue
                if len(found) == limit:
                    return Places(found, more=True, revision=revision)
                found.append(place)
    return Places(found, more=False, revision=revision)


def parts_of(span: Span) -> Iterator[tuple[str, str]]:
    """Yield the names and the texts of the parts of a span that are searched."""
    yield "name", span.name
    for where, value in (("inputs", span.inputs), ("outputs", span.outputs)):
        if value is not None:
            yield where, _to_text(value)
    others: Mapping[str, Any] = {key: value for key, value in span.attributes.items() if key not in (INPUTS, OUTPUTS)}
    if others:
        yield "attributes", _to_text(others)
    if span.events:
        yield "events", _to_text([[event.name, event.attributes] for event in span.events])


def find_place(span_id: str, where: str, text: str, wanted: str) -> Place | None:
    """Return the first place of a text in a part of a span; None if it is not there. `wanted` is folded."""
    folded = text.casefold()
    at = folded.find(wanted)
    if at < 0:
        return None
    if len(folded) != len(text):
        # Folding lengthens some characters, such as the German sharp s.
        at = _unfold(text, at)
    start = max(0, at - SNIPPET_CHARACTERS)
    end = at + len(wanted) + SNIPPET_CHARACTERS
    head, tail = "…" if start else "", "…" if end < len(text) else ""
    return Place(span_id, where, f"{head}{text[start:end]}{tail}", at - start + len(head))


def _unfold(text: str, folded_at: int) -> int:
    """Return the place of a character of a text by its place in the folded text."""
    length = 0
    for at, character in enumerate(text):
        if length >= folded_at:
            return at
        length += len(character.casefold())
    return len(text)


def _to_text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
