"""Media in values: images, audio and files as data URIs and other base64 texts, which are found without decoding them.

A traced call records media as they are, beside the limit of a value. The worker's thread decodes them later and
replaces each by a reference, see `delivery.media`.
"""

from __future__ import annotations

import re
from binascii import b2a_base64
from collections.abc import Callable, Iterator
from typing import Final, Literal, NamedTuple

MediaMode = Literal["attach", "note", "off"]
"""What becomes of media, see `configure`."""
MODES: Final = ("attach", "note", "off")

MAX_MEDIA_CHARS: Final = 7_000_000
"""The most base64 characters of all media in one value: 5.25 MB. A segment of the spool holds them with the value."""
MAX_MEDIA_BYTES: Final = MAX_MEDIA_CHARS * 3 // 4 - 100
"""The largest content of `bytes` that is recorded as a data URI."""
MIN_MEDIA_CHARS: Final = 1_024
"""Media with fewer base64 characters are text, and stay in the value."""
MIN_TEXT_CHARS: Final = 4_096
"""The length from which on a traced call looks for media in a text that would otherwise count towards the limits."""
MAX_SEARCHED_CHARS: Final = 16 * 1024 * 1024
"""A longer text is cut like any other one: to look for the end of its media would take too long."""

_MARK: Final = ";base64,"
_HEAD: Final = re.compile(r"data:([\w.+-]+/[\w.+-]+)?(?:;[\w.+-]+=[\w.+-]+)*\Z", re.ASCII)
_MAX_HEAD_CHARS: Final = 200
_DELIMITERS: Final = "\"'\\ \n<)"
"""Characters that usually follow a data URI, the end of a JSON string first. `exact_end` finds all others."""
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]*={0,2}")

_MAGIC: Final = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"ID3", "audio/mpeg"),
    (b"OggS", "audio/ogg"),
    (b"fLaC", "audio/flac"),
)
_MAGIC_BYTES: Final = 12
"""The bytes that show the type of a file."""
_RIFF: Final = {b"WEBP": "image/webp", b"WAVE": "audio/wav"}
_PREFIXES: Final = (
    ("iVBORw0KGg", "image/png"),
    ("/9j/", "image/jpeg"),
    ("R0lGOD", "image/gif"),
    ("JVBERi0", "application/pdf"),
    ("SUQz", "audio/mpeg"),
    ("T2dnU", "audio/ogg"),
    ("ZkxhQ", "audio/flac"),
    ("UklGR", "application/octet-stream"),
)
"""The base64 texts with which files of these types begin. Those of RIFF are told apart once they are decoded."""
_TYPE_NAMES: Final = r'"(?:media_?type|mime_?type|format)":"([\w.+/-]{2,80})"'
_TYPE_BEFORE: Final = re.compile(_TYPE_NAMES + r'(?:,"\w{1,20}":"[^"\\]{0,80}")?,"data":"\Z', re.ASCII | re.IGNORECASE)
_TYPE_AFTER: Final = re.compile(r'"(?:,"\w{1,20}":"[^"\\]{0,80}")?,' + _TYPE_NAMES, re.ASCII | re.IGNORECASE)
_DATA_KEY: Final = '"data":"'
_FORMATS: Final = {
    "wav": "audio/wav",
    "mp3": "audio/mpeg",
    "flac": "audio/flac",
    "opus": "audio/ogg",
    "aac": "audio/aac",
    "pcm16": "audio/pcm",
}


class Medium(NamedTuple):
    """The place of one medium in a text.

    Attributes:
        begin: The first character, of `data:` or of the base64 text.
        payload: The first character of the base64 text.
        end: The position behind the base64 text.
        media_type: The declared or recognized type, such as `image/png`.
    """

    begin: int
    payload: int
    end: int
    media_type: str

    @property
    def chars(self) -> int:
        """The length in the text."""
        return self.end - self.begin

    @property
    def bytes(self) -> int:
        """The approximate size of the decoded content."""
        return (self.end - self.payload) * 3 // 4


class MediaPolicy:
    """What becomes of media in this process.

    Attributes:
        mode: The mode, as `configure` has set it.
    """

    def __init__(self) -> None:
        self.mode: MediaMode = "attach"

    def configure(self, mode: MediaMode) -> None:
        """Set the mode of values that are recorded from now on."""
        self.mode = mode


media_policy: Final = MediaPolicy()


def find_in_text(text: str) -> list[Medium]:
    """Return the media in a text: its data URIs, or the whole text if it is the base64 of a known type of file."""
    found = list(_find_data_uris(text))
    if not found:
        media_type = _recognize(text, 0)
        if media_type is not None and _end_of(text, 0) == len(text):
            found.append(Medium(0, 0, len(text), media_type))
    return found


def find_in_json(text: str) -> list[Medium]:
    """Return the media in the JSON text of a value, in their order.

    These are the data URIs, strings that are the base64 of a known type of file, and strings of the key `data` beside
    their type.
    """
    found = list(_find_data_uris(text))
    for prefix, _ in _PREFIXES:
        found += _find_strings(text, f'"{prefix}', 1)
    found += _find_strings(text, _DATA_KEY, len(_DATA_KEY))
    if len(found) < 2:
        return found
    # A string may be found by its beginning and by its key.
    by_place = {medium.payload: medium for medium in reversed(found)}
    return sorted(by_place.values())


def may_have_media(encoded: bytes) -> bool:
    """Return whether `find_in_json` may find media in a value's JSON."""
    if len(encoded) < MIN_MEDIA_CHARS:
        return False
    return b";base64," in encoded or b'"data":"' in encoded or any(prefix in encoded for prefix in _ENCODED_PREFIXES)


def replace_in(text: str, media: list[Medium], replacement: Callable[[Medium], str | None]) -> str:
    """Return a text with each medium replaced.

    Args:
        text: The text.
        media: The media in it, in their order.
        replacement: Returns the text in place of a medium, or None to keep it.
    """
    pieces: list[str] = []
    at = 0
    for medium in media:
        new = replacement(medium)
        if new is not None:
            pieces += (text[at : medium.begin], new)
            at = exact_end(text, medium).end
    return "".join((*pieces, text[at:]))


def note_media(text: str) -> str:
    """Return the JSON text of a value with notes in place of its media."""
    return replace_in(text, find_in_json(text), lambda medium: note_size(medium.media_type, medium.bytes))


def count_media(frame: bytes) -> int:
    """Return how many bytes of a frame are media."""
    if media_policy.mode == "off" or not may_have_media(frame):
        return 0
    # One character a byte, as in the base64 itself.
    return sum(medium.chars for medium in find_in_json(frame.decode("latin-1")))


def note_size(media_type: str, size: int) -> str:
    """Return the text in place of a medium that is too large to be recorded."""
    return f"<{media_type}, {size} bytes: not recorded, over the limit of media in a value>"


def encode_bytes(content: bytes | bytearray) -> str | None:
    """Return a file's content as a data URI if its first bytes show its type, and it is small enough; else None."""
    view = memoryview(content)
    if media_policy.mode != "attach" or view.nbytes > MAX_MEDIA_BYTES:
        return None
    media_type = recognize_bytes(bytes(view[:_MAGIC_BYTES]))
    return None if media_type is None else f"data:{media_type}{_MARK}{b2a_base64(view, newline=False).decode()}"


def recognize_bytes(content: bytes) -> str | None:
    """Return the type that the first bytes of a file show, or None."""
    for magic, media_type in _MAGIC:
        if content[: len(magic)] == magic:
            return media_type
    if content[:4] == b"RIFF":
        return _RIFF.get(content[8:12])
    return "video/mp4" if content[4:8] == b"ftyp" else None


def exact_end(text: str, medium: Medium) -> Medium:
    """Return a medium that ends with the last character of base64: another character may have been taken for one."""
    match = _BASE64.match(text, medium.payload, medium.end)
    return medium if match is None else medium._replace(end=match.end())


def _find_data_uris(text: str) -> Iterator[Medium]:
    at = 0
    while (mark := text.find(_MARK, at)) >= 0:
        at = mark + len(_MARK)
        head = _HEAD.search(text[max(0, mark - _MAX_HEAD_CHARS) : mark])
        if head is None:
            continue
        end = _end_of(text, at)
        if end - at >= MIN_MEDIA_CHARS:
            yield Medium(mark - len(head[0]), at, end, (head[1] or "application/octet-stream").lower())
            at = end


def _find_strings(text: str, start: str, skipped: int) -> Iterator[Medium]:
    """Yield the JSON strings behind a text that are base64 of a known type.

    Args:
        text: The JSON text.
        start: The text.
        skipped: The characters of `start` before the string's first one.
    """
    at = 0
    while (found := text.find(start, at)) >= 0:
        begin = found + skipped
        at = begin + 1
        end = text.find('"', begin)
        if end - begin >= MIN_MEDIA_CHARS and text.find(" ", begin, end) < 0 and text.find("\\", begin, end) < 0:
            media_type = _find_type(text, begin, end)
            if media_type is not None:
                yield Medium(begin, begin, end, media_type)
                at = end


def _find_type(text: str, begin: int, end: int) -> str | None:
    """Return the type of file that a string is the base64 of, by its beginning or, at a key `data`, by its siblings."""
    known = _recognize(text, begin)
    if known is not None:
        return known
    match = _TYPE_BEFORE.search(text[max(0, begin - _MAX_HEAD_CHARS) : begin])
    match = match or _TYPE_AFTER.match(text[end : end + _MAX_HEAD_CHARS])
    if match is None:
        return None
    named = match[1].lower()
    return named if "/" in named else _FORMATS.get(named)


def _recognize(text: str, begin: int) -> str | None:
    return next((media_type for prefix, media_type in _PREFIXES if text.startswith(prefix, begin)), None)


def _end_of(text: str, begin: int) -> int:
    """Return the position of the first delimiter behind the base64 text that begins there: `find` is fast."""
    end = len(text)
    for delimiter in _DELIMITERS:
        found = text.find(delimiter, begin, end)
        if found >= 0:
            end = found
    return end


_ENCODED_PREFIXES: Final = tuple(f'"{prefix}'.encode() for prefix, _ in _PREFIXES)
