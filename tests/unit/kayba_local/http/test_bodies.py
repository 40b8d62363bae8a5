"""Decompression with a size limit, for any content."""

from __future__ import annotations

import gzip
import random
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kayba_local.http.bodies import FREE_BYTES, MAX_BUFFERED_BYTES, decompress
from kayba_local.http.errors import Problem

Compress = Callable[[bytes], bytes]
ENCODINGS: list[tuple[str, Compress]] = [
    ("gzip", gzip.compress),
    ("deflate", zlib.compress),
    ("deflate", lambda data: zlib.compress(data, wbits=-zlib.MAX_WBITS)),
]

encodings = st.sampled_from(ENCODINGS)
contents = st.binary(max_size=2000) | st.builds(lambda unit, n: unit * n, st.binary(min_size=1), st.integers(1, 50_000))


@given(encodings, contents)
def test_compressed_content_is_decompressed_unchanged(encoding: tuple[str, Compress], content: bytes) -> None:
    name, compress = encoding
    assert decompress(compress(content), name, limit=len(content)) == content


@given(encodings, contents.filter(bool))
def test_one_byte_over_the_limit_returns_413(encoding: tuple[str, Compress], content: bytes) -> None:
    name, compress = encoding
    assert error_status(compress(content), name, len(content) - 1) == 413


@given(encodings, contents, st.data())
def test_a_truncated_stream_returns_400(encoding: tuple[str, Compress], content: bytes, data: st.DataObject) -> None:
    name, compress = encoding
    whole = compress(content)
    cut = data.draw(st.integers(1, len(whole) - 1))
    assert error_status(whole[:cut], name, limit=len(content)) == 400


@given(encodings, st.binary(min_size=1, max_size=200))
def test_any_bytes_are_decompressed_or_return_400_or_413(encoding: tuple[str, Compress], raw: bytes) -> None:
    try:
        assert len(decompress(raw, encoding[0], limit=1000)) <= 1000
    except Problem as problem:
        status = problem.status
    else:
        status = 200
    assert status in (200, 400, 413)


@given(st.lists(contents, min_size=1, max_size=4))
def test_several_gzip_members_are_concatenated(members: list[bytes]) -> None:
    raw = b"".join(gzip.compress(member) for member in members)
    assert decompress(raw, "gzip", limit=10**9) == b"".join(members)


@pytest.mark.parametrize(("name", "compress"), ENCODINGS)
def test_a_body_larger_than_the_buffer_is_decompressed(name: str, compress: Compress) -> None:
    content = random.Random(7).randbytes(MAX_BUFFERED_BYTES + 1)
    assert decompress(compress(content), name, limit=len(content)) == content


def test_a_bomb_returns_413_before_it_is_held() -> None:
    bomb = gzip.compress(bytes(FREE_BYTES * 2), 1)
    assert error_status(bomb, "gzip", limit=10**9) == 413
    assert len(decompress(gzip.compress(bytes(FREE_BYTES)), "gzip", limit=10**9)) == FREE_BYTES


def error_status(raw: bytes, encoding: str, limit: int) -> int:
    with pytest.raises(Problem) as problem:
        decompress(raw, encoding, limit)
    return problem.value.status
