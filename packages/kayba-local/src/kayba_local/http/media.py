"""Media: the content of attachments as responses that a browser can show, and never runs.

The type of a response follows from the first bytes of the content. A client's own declaration is not used, so no page
and no script is served as such.
"""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

SECURITY_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
FILE_TYPE: Final = "application/octet-stream"

_MAGIC: Final = (
    (b"\x89PNG\r\n\x1a\n", "image/png", "png"),
    (b"\xff\xd8\xff", "image/jpeg", "jpg"),
    (b"GIF87a", "image/gif", "gif"),
    (b"GIF89a", "image/gif", "gif"),
    (b"ID3", "audio/mpeg", "mp3"),
    (b"\xff\xfb", "audio/mpeg", "mp3"),
    (b"\xff\xf3", "audio/mpeg", "mp3"),
    (b"\xff\xf2", "audio/mpeg", "mp3"),
    (b"OggS", "audio/ogg", "ogg"),
    (b"fLaC", "audio/flac", "flac"),
)
_RIFF: Final = {b"WEBP": ("image/webp", "webp"), b"WAVE": ("audio/wav", "wav")}


def recognize(content: bytes) -> tuple[str, str]:
    """Return the media type and the file extension of an image or audio, by its first bytes, or those of any file."""
    if content[:4] == b"RIFF" and content[8:12] in _RIFF:
        return _RIFF[content[8:12]]
    for magic, media_type, extension in _MAGIC:
        if content.startswith(magic):
            return media_type, extension
    return FILE_TYPE, "pdf" if content.startswith(b"%PDF-") else "bin"


def content_response(content: bytes, name: str) -> Response:
    """Return a response with the content of a file: shown if it is an image or audio, otherwise downloaded.

    Args:
        content: The content.
        name: The file's name without an extension, of ASCII letters, digits and hyphens.
    """
    media_type, extension = recognize(content)
    disposition = "attachment" if media_type == FILE_TYPE else "inline"
    headers = {**SECURITY_HEADERS, "Content-Disposition": f'{disposition}; filename="{name}.{extension}"'}
    return Response(content, headers=headers, media_type=media_type)
