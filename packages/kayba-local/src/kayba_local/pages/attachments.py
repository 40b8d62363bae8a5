"""Attachments on the page: the references in a span's values, as images, audio players and links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, Literal, NamedTuple
from urllib.parse import parse_qs

from kayba_local.otlp.media import format_size
from kayba_local.store.traces.attachments import ATTACHMENT_ID, SCHEME

MAX_SHOWN: Final = 50
"""Maximum number of attachments shown of one value."""
MAX_DEPTH: Final = 100
"""Levels of a value in which references are searched. Clients send far fewer."""

Kind = Literal["image", "audio", "file"]

_REFERENCE: Final = re.compile(rf"{SCHEME}({ATTACHMENT_ID})\?([\w%&=.+-]*[\w%])", re.ASCII)
_TRACE_ID: Final = re.compile(r"tr-[0-9a-f]{32}")
_MEDIA_TYPE: Final = re.compile(r"[\w.+-]{1,60}/[\w.+-]{1,60}", re.ASCII)
# An SVG can contain scripts, so it is a file.
_IMAGES: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_AUDIO: Final = frozenset({"audio/mpeg", "audio/mp3", "audio/wav", "audio/x-wav", "audio/ogg", "audio/flac"})


class ShownAttachment(NamedTuple):
    """An attachment on the page.

    Attributes:
        kind: How it is shown. A `file` is only linked.
        url: The path of its content.
        label: Its media type and size.
    """

    kind: Kind
    url: str
    label: str


def find_attachments(value: Any) -> list[ShownAttachment]:
    """Return the attachments that a value refers to, each once, in their order."""
    found: dict[str, ShownAttachment] = {}
    for text in _texts(value, 0):
        for match in _REFERENCE.finditer(text):
            if len(found) >= MAX_SHOWN:
                return list(found.values())
            shown = _read(match)
            if shown is not None:
                found.setdefault(shown.url, shown)
    return list(found.values())


def shorten_references(text: str) -> str:
    """Return a text in which the media type and the size stand for each reference."""
    if SCHEME not in text:
        return text

    def shorten(match: re.Match[str]) -> str:
        shown = _read(match)
        return match[0] if shown is None else f"[{shown.label}]"

    return _REFERENCE.sub(shorten, text)


def _read(match: re.Match[str]) -> ShownAttachment | None:
    """Return the attachment of a reference, or None if the reference is incomplete."""
    query = parse_qs(match[2])
    trace_id = query.get("trace_id", [""])[0]
    media_type = query.get("content_type", [""])[0].lower()
    if not _TRACE_ID.fullmatch(trace_id) or not _MEDIA_TYPE.fullmatch(media_type):
        return None
    kind: Kind = "image" if media_type in _IMAGES else "audio" if media_type in _AUDIO else "file"
    size = query.get("size", [""])[0]
    label = f"{media_type}, {format_size(int(size))}" if size.isdecimal() and len(size) < 15 else media_type
    return ShownAttachment(kind, f"/attachment/{trace_id}/{match[1]}", label)


def _texts(value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        if SCHEME in value:
            yield value
    elif depth < MAX_DEPTH:
        members = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
        for member in members:
            yield from _texts(member, depth + 1)
