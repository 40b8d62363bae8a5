"""Full-text index: adds the texts of new spans, removes those of deleted ones, and finds traces by words.

Triggers queue each change in the transaction that makes it. The index follows in slices: a thread of the server calls
`update`, and so does a search that asks for words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final

from kayba_local.otlp.contents import decode_content
from kayba_local.store.database import Database, Transaction
from kayba_local.store.query.columns import ALWAYS, Clause
from kayba_local.store.query.nodes import Words
from kayba_local.store.span_text import indexed_text

MAX_SLICE_DOCUMENTS: Final = 200
MAX_SLICE_BYTES: Final = 512 * 1024
"""Limits of a slice, during which no other thread can write: some 10 ms."""

_REMOVALS: Final = "SELECT id, document, format, content FROM text_removals ORDER BY id LIMIT ?"
_ADDITIONS: Final = """
    SELECT document, span_contents.format, span_contents.content,
        traces.info_request_preview AS request_preview, traces.info_response_preview AS response_preview
    FROM text_additions
    LEFT JOIN span_contents ON span_contents.span = document & 4294967295
    LEFT JOIN traces ON document & 4294967295 = 0 AND traces.id = document >> 32
    ORDER BY document LIMIT ?
"""
_INSERT: Final = "INSERT INTO text_index (rowid, text) VALUES (?, ?)"
_DELETE: Final = "INSERT INTO text_index (text_index, rowid, text) VALUES ('delete', ?, ?)"
_MATCH: Final = "FROM text_index WHERE text_index MATCH ?"

# The tokenizer takes a run of letters for one word, and these scripts have no spaces between words.
_IDEOGRAPH: Final = re.compile("([\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff])")


def update(db: Database, max_slices: int | None = None) -> bool:
    """Index queued changes.

    Args:
        db: The store.
        max_slices: The maximum number of slices, each in a transaction of its own. None for no limit.

    Returns:
        Whether the queue is empty.
    """
    done = 0
    while max_slices is None or done < max_slices:
        with db.read() as tx:
            if not _is_waiting(tx):
                return True
        with db.write() as tx:
            _update_slice(tx)
        done += 1
    with db.read() as tx:
        return not _is_waiting(tx)


def match_words(words: Words, is_rare: Callable[[Clause], bool]) -> Clause:
    """Return the condition that one text of a trace contains a word or a phrase.

    Args:
        words: The word or the phrase.
        is_rare: Returns whether a SELECT has few rows.
    """
    if not any(character.isalnum() for character in words.text):
        return ALWAYS
    query = _quote(words)
    traces = Clause(f"SELECT rowid >> 32 {_MATCH}", (query,))
    # A prefix is looked up once, because it takes long: it is many words.
    if words.is_prefix or is_rare(traces):
        return Clause(f"traces.id IN ({traces.sql})", (query,))
    # A word in very many traces is soon found in one after the other.
    between = "text_index.rowid >= traces.id << 32 AND text_index.rowid < (traces.id + 1) << 32"
    return Clause(f"EXISTS (SELECT 1 {_MATCH} AND {between})", (query,))


def find_spans(tx: Transaction, trace: int, words: Sequence[Words], limit: int) -> list[int]:
    """Return the row ids of the first spans of a trace that contain one of the words; 0 stands for its previews."""
    query = " OR ".join(_quote(each) for each in words if any(map(str.isalnum, each.text)))
    if not query:
        return []
    rows = tx.rows(
        f"SELECT rowid & 4294967295 AS span {_MATCH} AND rowid >= ? << 32 AND rowid < ? << 32 ORDER BY rowid LIMIT ?",
        (query, trace, trace + 1, limit),
    )
    return [row["span"] for row in rows]


def separate(text: str) -> str:
    """Return a text with spaces around ideographs and kana, so that each is a word."""
    return text if text.isascii() else _IDEOGRAPH.sub(r" \1 ", text)


def _quote(words: Words) -> str:
    # A query ends at a NUL.
    quoted = separate(words.text).replace("\0", " ").replace('"', '""')
    return f'"{quoted}"{" *" if words.is_prefix else ""}'


def _is_waiting(tx: Transaction) -> bool:
    queued = "SELECT EXISTS (SELECT 1 FROM text_additions) OR EXISTS (SELECT 1 FROM text_removals)"
    return bool(tx.rows(queued)[0][0])


def _update_slice(tx: Transaction) -> None:
    """Index the first queued changes. Removals come first, because a new span may have the number of a deleted one."""
    left = MAX_SLICE_BYTES
    removed: list[int] = []
    texts: list[tuple[int, str]] = []
    for row in tx.iterate(_REMOVALS, (MAX_SLICE_DOCUMENTS,)):
        removed.append(row["id"])
        texts.append((row["document"], _read_text(row["format"], row["content"])))
        left -= len(row["content"])
        if left <= 0:
            break
    if removed:
        tx.run_many(_DELETE, texts)
        tx.run("DELETE FROM text_removals WHERE id <= ?", (removed[-1],))
        return
    for row in tx.iterate(_ADDITIONS, (MAX_SLICE_DOCUMENTS,)):
        content = row["content"]
        if content is None:
            content = f"{row['request_preview'] or ''}\n{row['response_preview'] or ''}"
        texts.append((row["document"], _read_text(row["format"], content)))
        left -= len(content)
        if left <= 0:
            break
    tx.run_many(_INSERT, texts)
    tx.run_many("DELETE FROM text_additions WHERE document = ?", [(document,) for document, _ in texts])


def _read_text(content_format: int | None, content: Any) -> str:
    return separate(content if content_format is None else indexed_text(decode_content(content, content_format)))
