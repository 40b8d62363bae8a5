"""Hits: where a text search found its words in a trace, with the text around them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from kayba_local.otlp.spans import decode
from kayba_local.store.database import Row, Transaction
from kayba_local.store.explore.places import Place, find_place, parts_of
from kayba_local.store.query.nodes import And, Comparison, Condition, Not, Or, Words
from kayba_local.store.traces import contents, text_index

MAX_SPANS: Final = 3
"""Spans of a trace in which words are looked for, the first ones that the index names."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A place that a text search found; `span_id` is None for the previews of a trace."""

    span_id: str | None
    where: str
    snippet: str


def words_of(condition: Condition) -> Iterator[Words]:
    """Yield the words that a condition asks for, without those that it excludes."""
    match condition:
        case Words():
            yield condition
        case And() | Or():
            for member in condition.members:
                yield from words_of(member)
        case Comparison() | Not():
            return


def find_hit(tx: Transaction, trace: Row, words: Sequence[Words]) -> Hit | None:
    """Return the first place of a trace with one of the words, given by the trace's row; None if there is none."""
    for span in text_index.find_spans(tx, trace["id"], words, MAX_SPANS):
        for where, text, span_id in _texts(tx, trace, span):
            for each in words:
                place = find_place(span_id or "", where, text, each.text.casefold())
                if place is not None:
                    return _to_hit(place, span_id)
    return None


def _texts(tx: Transaction, trace: Row, span: int) -> Iterator[tuple[str, str, str | None]]:
    if span == 0:
        yield "inputs", trace["request_preview"] or "", None
        yield "outputs", trace["response_preview"] or "", None
        return
    for stored in contents.read_many(tx, [span]).values():
        read = decode(stored)
        for where, text in parts_of(read):
            yield where, text, read.span_id


def _to_hit(place: Place, span_id: str | None) -> Hit:
    return Hit(span_id, place.where, place.snippet)
