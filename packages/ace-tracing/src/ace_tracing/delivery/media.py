"""Media of finished spans: decoded, and replaced by references to attachments or by notes. Pure functions.

The references are those of MLflow, which shows an attachment in the place of its reference.
"""

from __future__ import annotations

from binascii import Error, a2b_base64
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode
from uuid import UUID

from ace_tracing.recording.frames import CONTEXT, END_BYTES, LENGTH_BYTES, read_length
from ace_tracing.recording.records import PackedSpan, SpanRecord, TraceRecord
from ace_tracing.values.limits import DEFAULT_LIMITS
from ace_tracing.values.media import (
    MIN_MEDIA_CHARS,
    Medium,
    exact_end,
    find_in_json,
    find_in_text,
    may_have_media,
    media_policy,
    recognize_bytes,
    replace_in,
)

SCHEME: Final = "mlflow-attachment://"
MAX_DEPTH: Final = 30
"""Levels of an attribute in which media are searched. A recorded value has fewer."""
NOT_ATTACHED: Final = "not attached"
"""The reason in a note when no content is sent."""
CHUNK_CHARS: Final = 64 * 1024
"""Characters that are decoded at a time. It takes about a tenth of a millisecond."""

_URL_SAFE: Final = str.maketrans("-_", "+/")
_SITE: Final = CONTEXT + 2 * LENGTH_BYTES

Replace = Callable[["Attachment"], str]
"""Returns the text in place of an attachment."""


class Attachment(NamedTuple):
    """A decoded medium.

    Attributes:
        media_type: The type that its first bytes show, or the declared one.
        digest: The SHA-256 of its content.
        content: The content.
    """

    media_type: str
    digest: bytes
    content: bytes

    @property
    def attachment_id(self) -> str:
        """The first half of the hash, in the form of a UUID, which MLflow asks for."""
        return str(UUID(bytes=self.digest[:16]))

    def reference(self, trace_id: str) -> str:
        """Return the reference that stands in a span.

        Args:
            trace_id: The span's trace, with `tr-`.
        """
        query = {
            "content_type": self.media_type,
            "trace_id": trace_id,
            "size": len(self.content),
            "sha256": self.digest.hex(),
        }
        return f"{SCHEME}{self.attachment_id}?{urlencode(query)}"

    def note(self, reason: str) -> str:
        """Return the note that stands in a span when the content is not stored."""
        return f"<{self.media_type}, {len(self.content)} bytes, sha256 {self.digest.hex()}: {reason}>"


class MediaReplacer:
    """Replacement of the media in the traces of one request.

    Args:
        replace: Returns the text in place of an attachment.
        yield_gil: Called regularly, so that other threads can run.
    """

    def __init__(self, replace: Replace, yield_gil: Callable[[], object]) -> None:
        self._replace = replace
        self._yield_gil = yield_gil
        # By base64 text: one image often stands in many spans of a trace.
        self._decoded: dict[str, Attachment | None] = {}

    def rewrite(self, trace: TraceRecord) -> TraceRecord:
        """Return a trace without media in its values. Without any, it is the same trace."""
        entries = [self._rewrite_entry(entry) for entry in trace.entries]
        root = None if trace.root is None else self._rewrite_span(trace.root)
        if root is trace.root and all(new is old for new, old in zip(entries, trace.entries, strict=True)):
            return trace
        rewritten = trace.with_entries(entries)
        rewritten.root = root
        return rewritten

    def _rewrite_entry(self, entry: SpanRecord | PackedSpan) -> SpanRecord | PackedSpan:
        if isinstance(entry, SpanRecord):
            return self._rewrite_span(entry)
        first, second = entry
        if len(first) + len(second) < MIN_MEDIA_CHARS or not (may_have_media(first) or may_have_media(second)):
            return entry
        inputs_at = _SITE + read_length(first, CONTEXT)[0]
        inputs_at += read_length(first, inputs_at - LENGTH_BYTES)[0]
        inputs, outputs = first[inputs_at:], second[END_BYTES:]
        new_inputs, new_outputs = self._rewrite_json(inputs), self._rewrite_json(outputs)
        if new_inputs is inputs and new_outputs is outputs:
            return entry
        return first[:inputs_at] + new_inputs, second[:END_BYTES] + new_outputs

    def _rewrite_span(self, span: SpanRecord) -> SpanRecord:
        inputs, outputs = self._rewrite_text(span.inputs), self._rewrite_text(span.outputs)
        attributes = self._rewrite_value(span.attributes, 0)
        if inputs is span.inputs and outputs is span.outputs and attributes is span.attributes:
            return span
        return span._replace(inputs=inputs, outputs=outputs, attributes=attributes)

    def _rewrite_value(self, value: Any, depth: int) -> Any:
        """Return the value of an attribute, or all attributes, without media. Instrumentations record JSON as text."""
        if isinstance(value, str):
            return self._rewrite_text(value)
        if isinstance(value, dict) and depth < MAX_DEPTH:
            items = {key: self._rewrite_value(item, depth + 1) for key, item in value.items()}
            return value if all(items[key] is item for key, item in value.items()) else items
        if isinstance(value, list) and depth < MAX_DEPTH:
            elements = [self._rewrite_value(item, depth + 1) for item in value]
            return value if all(new is old for new, old in zip(elements, value, strict=True)) else elements
        return value

    def _rewrite_json(self, encoded: bytes) -> bytes:
        if not may_have_media(encoded):
            return encoded
        try:
            text = encoded.decode()
        except UnicodeDecodeError:
            # A damaged frame of an orphaned spool, which the encoder reports.
            return encoded
        new = self._rewrite_text(text)
        return encoded if new is text or new is None else new.encode()

    def _rewrite_text(self, text: str | None) -> str | None:
        # A damaged frame may have anything in the place of a text.
        if not isinstance(text, str) or len(text) < MIN_MEDIA_CHARS:
            return text
        media = find_in_json(text) or find_in_text(text)
        return replace_in(text, media, lambda medium: self._replace_medium(text, medium)) if media else text

    def _replace_medium(self, text: str, medium: Medium) -> str | None:
        attachment = self._decode(text, medium)
        if attachment is not None:
            return self._replace(attachment)
        if medium.chars <= DEFAULT_LIMITS.string_chars:
            # A text that only looks like a medium.
            return None
        return f"<{medium.media_type}, {medium.chars} characters: not valid base64>"

    def _decode(self, text: str, medium: Medium) -> Attachment | None:
        payload = text[medium.payload : medium.end]
        if payload not in self._decoded:
            content = decode_base64(payload, self._yield_gil)
            if content is None:
                exact = exact_end(text, medium)
                payload = text[exact.payload : exact.end]
                content = decode_base64(payload, self._yield_gil) if len(payload) >= MIN_MEDIA_CHARS else None
            self._decoded[payload] = None
            if content is not None:
                media_type = recognize_bytes(content) or medium.media_type
                self._decoded[payload] = Attachment(media_type, sha256(content).digest(), content)
        return self._decoded[payload]


def note_media(traces: Sequence[TraceRecord], yield_gil: Callable[[], object]) -> Sequence[TraceRecord]:
    """Return traces with notes in place of their media, for a server without attachments.

    Args:
        traces: The traces.
        yield_gil: Called regularly, so that other threads can run.
    """
    if media_policy.mode == "off":
        return traces
    replacer = MediaReplacer(lambda attachment: attachment.note(NOT_ATTACHED), yield_gil)
    return [replacer.rewrite(trace) for trace in traces]


def decode_base64(text: str, yield_gil: Callable[[], object] = lambda: None) -> bytes | None:
    """Return the content of a base64 text, with or without padding, or None if it is damaged.

    Args:
        text: The text, in the standard or the URL-safe alphabet.
        yield_gil: Called between two pieces of work.
    """
    if "-" in text or "_" in text:
        text = text.translate(_URL_SAFE)
    if not text.endswith("="):
        text += "=" * (-len(text) % 4)
    pieces = []
    try:
        for start in range(0, len(text), CHUNK_CHARS):
            pieces.append(a2b_base64(text[start : start + CHUNK_CHARS], strict_mode=True))
            yield_gil()
    except (Error, ValueError):
        return None
    return b"".join(pieces)
