"""A request's body: read up to a cap, decompressed up to the same cap, decoded by its media type."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from starlette.requests import Request

from kayba_local.contract import Media, Operation, is_json
from kayba_local.http.operation import Problem

FEED = 64 * 1024
CHUNK = 256 * 1024
"""Bytes handed to the decompressor and taken from it at a time."""
KEPT_UNCOUNTED = 8 * 1024 * 1024
"""Decompressed bytes kept before it is known that the whole is within the cap: what a bomb can cost at most."""
DISCARDED = 64 * 1024 * 1024
"""Bytes of a refused body still read, so that a client in the middle of sending gets to see the answer."""

_ENCODINGS = {"gzip", "x-gzip", "deflate"}


async def read(request: Request, cap: int) -> bytes:
    """The body as sent.

    Raises:
        Problem: 413 when it is longer than `cap` bytes.
    """
    received = bytearray()
    stream = request.stream()
    too_large = int(request.headers.get("content-length", 0)) > cap
    while not too_large and (chunk := await anext(stream, b"")):
        received += chunk
        too_large = len(received) > cap
    if too_large:
        discarded = 0
        while discarded < DISCARDED and (chunk := await anext(stream, b"")):
            discarded += len(chunk)
        raise _too_large(cap)
    return bytes(received)


def media_type_of(content_type: str | None) -> str | None:
    """The media type of a Content-Type header without its parameters, in lower case."""
    return content_type.partition(";")[0].strip().lower() if content_type else None


def decode(operation: Operation, raw: bytes, headers: Mapping[str, str]) -> tuple[Any, str | None]:
    """The body as a handler gets it, and its media type.

    Returns:
        Parsed JSON or, for other media types, bytes; ``(None, None)`` without a body, or where none is taken.

    Raises:
        Problem: 415 for a media type or encoding that the operation does not take, 413 over the cap, 400 for the rest.
    """
    if not operation.bodies:
        return None, None
    media_type = media_type_of(headers.get("content-type"))
    if not raw and (media_type is None or not operation.body_required):
        if operation.body_required:
            raise Problem(400, None, f"{operation.id} needs a body of type {_or(operation.bodies)}.")
        return None, None
    if media_type is None or media_type not in operation.bodies:
        sent = f"of type {media_type!r}" if media_type else "without a Content-Type"
        raise Problem(415, None, f"A body {sent}: {operation.id} takes {_or(operation.bodies)}.")
    content = decompress(raw, headers.get("content-encoding", ""), operation.max_body_bytes)
    return (_parse(content) if is_json(media_type) else content), media_type


def decompress(raw: bytes, content_encoding: str, cap: int) -> bytes:
    """`raw` without its Content-Encoding (gzip, deflate or none).

    Raises:
        Problem: 413 when it decompresses to more than `cap` bytes, 400 when it is broken, 415 for another encoding.
    """
    encoding = content_encoding.strip().lower()
    if encoding in ("", "identity") or not raw:
        return raw
    if encoding not in _ENCODINGS:
        supported = {"Accept-Encoding": "gzip, deflate"}
        raise Problem(415, None, f"Content-Encoding {encoding!r} is not supported: use gzip or deflate.", supported)
    try:
        return _inflate(raw, encoding, cap)
    except (zlib.error, EOFError) as error:
        raise Problem(400, None, f"The body is not valid {encoding}: {error}") from error


def _inflate(raw: bytes, encoding: str, cap: int) -> bytes:
    kept: list[bytes] = []
    size = 0
    for chunk in _inflated(raw, encoding):
        size += len(chunk)
        if size > cap:
            raise _too_large(cap)
        if size <= KEPT_UNCOUNTED:
            kept.append(chunk)
    # A large body is inflated twice rather than held before it is known to be within the cap.
    return b"".join(kept if size <= KEPT_UNCOUNTED else _inflated(raw, encoding))


def _inflated(raw: bytes, encoding: str) -> Iterator[bytes]:
    decoder = zlib.decompressobj(_window(raw, encoding))
    for start in range(0, len(raw), FEED):
        feed = raw[start : start + FEED]
        while feed:
            if decoder.eof:  # gzip may be several members, one after the other
                decoder = zlib.decompressobj(_window(feed, encoding))
            yield decoder.decompress(feed, CHUNK)
            feed = decoder.unused_data if decoder.eof else decoder.unconsumed_tail
    while not decoder.eof:
        chunk = decoder.decompress(b"", CHUNK)
        if not chunk and not decoder.eof:
            raise EOFError("it ends too early")
        yield chunk


def _window(data: bytes, encoding: str) -> int:
    if encoding != "deflate":
        return zlib.MAX_WBITS | 16
    # "deflate" means the zlib format, but clients that send the bare stream are as old as the name.
    has_zlib_header = data[0] & 0x0F == 8 and int.from_bytes(data[:2]) % 31 == 0
    return zlib.MAX_WBITS if has_zlib_header else -zlib.MAX_WBITS


def _parse(content: bytes) -> Any:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise Problem(400, None, f"The body is not valid JSON: {error}") from error


def _too_large(cap: int) -> Problem:
    return Problem(413, None, f"The body is over the cap of {cap:,} bytes; send less at a time.")


def _or(bodies: Mapping[str, Media]) -> str:
    return " or ".join(bodies)
