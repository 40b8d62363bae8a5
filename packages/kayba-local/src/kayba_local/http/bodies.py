"""Request bodies: read and decompressed up to the same size limit, then decoded by media type."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Iterator, Mapping
from typing import Any, Final

import orjson
from starlette.requests import Request

from kayba_local.contract import MediaType, Operation, is_json
from kayba_local.cost.json_values import JsonValueMeter
from kayba_local.cost.meter import Meter, TooManyValues
from kayba_local.cost.protobuf_fields import TRACE_REQUEST, ProtobufFieldMeter
from kayba_local.http.errors import Problem
from kayba_local.http.memory import Share

FEED_BYTES: Final = 64 * 1024
"""Bytes that the decompressor gets at a time."""
CHUNK_BYTES: Final = 256 * 1024
"""Bytes that the decompressor returns at a time."""
MAX_BUFFERED_BYTES: Final = 8 * 1024 * 1024
"""Decompressed bytes that are kept before the total size is known: the memory that a decompression bomb can use."""
FREE_BYTES: Final = 4 * 1024 * 1024
"""Decompressed bytes that a request may have however few it sends."""
MAX_RATIO: Final = 100
"""Limit of the compression of larger bodies. Spans are compressed 10 to 30 times, and a bomb 1,000 times."""
MAX_DISCARDED_BYTES: Final = 64 * 1024 * 1024
"""Bytes that are still read from a rejected body, so a client that is still sending can receive the response."""

PROTOBUF: Final = "application/x-protobuf"

_ENCODINGS: Final = frozenset({"gzip", "x-gzip", "deflate"})


async def read(request: Request, limit: int, share: Share, timeout_s: float) -> bytes:
    """Return the body as sent.

    Args:
        request: The request.
        limit: The limit of the body, in bytes.
        share: The request's share of the memory for bodies.
        timeout_s: Seconds in which the body must arrive.

    Raises:
        Problem: 413; the body is longer than `limit` bytes. 408; it does not arrive in time. 503; other bodies use the
            whole memory.
    """
    try:
        async with asyncio.timeout(timeout_s):
            return await _receive(request, limit, share)
    except TimeoutError:
        message = f"The body did not arrive within {timeout_s:g} seconds."
        raise Problem(408, None, message, {"Connection": "close"}) from None


async def _receive(request: Request, limit: int, share: Share) -> bytes:
    received = bytearray()
    stream = request.stream()
    too_large = int(request.headers.get("content-length", 0)) > limit
    while not too_large and (chunk := await anext(stream, b"")):
        share.take(len(chunk))
        received += chunk
        too_large = len(received) > limit
    if too_large:
        received.clear()
        discarded = 0
        while discarded < MAX_DISCARDED_BYTES and (chunk := await anext(stream, b"")):
            discarded += len(chunk)
        raise _too_large(limit, {"Connection": "close"})
    return bytes(received)


def media_type_of(content_type: str | None) -> str | None:
    """Return the media type of a Content-Type header without its parameters, in lower case."""
    return content_type.partition(";")[0].strip().lower() if content_type else None


def decode(operation: Operation, raw: bytes, headers: Mapping[str, str]) -> tuple[Any, str | None]:
    """Return the decoded body and its media type.

    Returns:
        Parsed JSON for JSON media types, otherwise bytes. An operation that validates items gets bytes.
        `(None, None)` if there is no body or the operation takes none.

    Raises:
        Problem: 415 for an unsupported media type or encoding, 413 for a body over the limit, otherwise 400.
    """
    if not operation.bodies:
        return None, None
    media_type = media_type_of(headers.get("content-type"))
    if not raw and (media_type is None or not operation.body_required):
        if operation.body_required:
            raise Problem(400, None, f"{operation.id} needs a body of type {_join_types(operation.bodies)}.")
        return None, None
    if media_type is None or media_type not in operation.bodies:
        sent = f"of type {media_type!r}" if media_type else "without a Content-Type"
        message = f"{operation.id} does not take a body {sent}: send {_join_types(operation.bodies)}."
        raise Problem(415, None, message)
    meter = ProtobufFieldMeter(TRACE_REQUEST) if media_type == PROTOBUF else JsonValueMeter()
    content = decompress(raw, headers.get("content-encoding", ""), operation.max_body_bytes, meter)
    is_parsed = is_json(media_type) and not operation.validates_items
    return (_parse(content) if is_parsed else content), media_type


def decompress(raw: bytes, content_encoding: str, limit: int, meter: Meter | None = None) -> bytes:
    """Return `raw` without its Content-Encoding (gzip, deflate or none).

    Args:
        raw: The body as sent.
        content_encoding: The request's header.
        limit: The limit of the decompressed size, in bytes.
        meter: Counts the content's values before the whole content is held. None counts nothing.

    Raises:
        Problem: 413 if it decompresses to more than `limit` bytes or has too many values, 400 if it is corrupt, 415 for
            another encoding.
    """
    try:
        return _decompress(raw, content_encoding.strip().lower(), limit, meter)
    except TooManyValues as error:
        raise Problem(413, None, str(error)) from error


def _decompress(raw: bytes, encoding: str, limit: int, meter: Meter | None) -> bytes:
    if encoding in ("", "identity") or not raw:
        if meter is not None:
            for start in range(0, len(raw), CHUNK_BYTES):
                meter.feed(raw[start : start + CHUNK_BYTES])
        return raw
    if encoding not in _ENCODINGS:
        supported = {"Accept-Encoding": "gzip, deflate"}
        raise Problem(415, None, f"Content-Encoding {encoding!r} is not supported: use gzip or deflate.", supported)
    try:
        return _inflate(raw, encoding, limit, meter)
    except (zlib.error, EOFError) as error:
        raise Problem(400, None, f"The body is not valid {encoding}: {error}") from error


def _inflate(raw: bytes, encoding: str, limit: int, meter: Meter | None) -> bytes:
    kept: list[bytes] = []
    size = 0
    for chunk in _iter_inflated(raw, encoding):
        size += len(chunk)
        if size > limit:
            raise _too_large(limit)
        if size > max(FREE_BYTES, MAX_RATIO * len(raw)):
            raise Problem(413, None, f"The body is compressed more than {MAX_RATIO}:1: send less in one request.")
        if meter is not None:
            meter.feed(chunk)
        if size <= MAX_BUFFERED_BYTES:
            kept.append(chunk)
    # A large body is inflated a second time, so nothing large is held before its size is known.
    return b"".join(kept if size <= MAX_BUFFERED_BYTES else _iter_inflated(raw, encoding))


def _iter_inflated(raw: bytes, encoding: str) -> Iterator[bytes]:
    decoder = zlib.decompressobj(_window_bits(raw, encoding))
    for start in range(0, len(raw), FEED_BYTES):
        feed = raw[start : start + FEED_BYTES]
        while feed:
            if decoder.eof:  # a gzip body can consist of several members
                decoder = zlib.decompressobj(_window_bits(feed, encoding))
            yield decoder.decompress(feed, CHUNK_BYTES)
            feed = decoder.unused_data if decoder.eof else decoder.unconsumed_tail
    while not decoder.eof:
        chunk = decoder.decompress(b"", CHUNK_BYTES)
        if not chunk and not decoder.eof:
            raise EOFError("it ends too early")
        yield chunk


def _window_bits(data: bytes, encoding: str) -> int:
    if encoding != "deflate":
        return zlib.MAX_WBITS | 16
    # "deflate" is the zlib format, but some clients send the bare stream.
    has_zlib_header = data[0] & 0x0F == 8 and int.from_bytes(data[:2]) % 31 == 0
    return zlib.MAX_WBITS if has_zlib_header else -zlib.MAX_WBITS


def _parse(content: bytes) -> Any:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise Problem(400, None, f"The body is not valid JSON: {error}") from error


def _too_large(limit: int, headers: Mapping[str, str] | None = None) -> Problem:
    return Problem(413, None, f"The body is larger than {limit:,} bytes: send less in one request.", headers)


def _join_types(bodies: Mapping[str, MediaType]) -> str:
    return " or ".join(bodies)
