"""Compression of request bodies."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Final

GZIP_LEVEL: Final = 1
"""The fastest level: on spans, higher levels save few bytes and take much more time."""

_GZIP: Final = 16 + zlib.MAX_WBITS


def compress(chunks: Sequence[bytes]) -> bytes:
    """Return the chunks compressed. Other threads run meanwhile."""
    compressor = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, _GZIP)
    compressed = [compressor.compress(chunk) for chunk in chunks]
    return b"".join((*compressed, compressor.flush()))
