"""The buffer takes frames from any thread without a lock, and gives each of them once, in order and whole."""

from __future__ import annotations

import dis
import gc
import sys
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ace_tracing.delivery.spool.buffer import BUFFER_FULL, BUFFER_FULL_SPANS, TOO_LARGE, Buffer, LockedBuffer, MemoryStorage
from ace_tracing.delivery.spool.segments import SEGMENT_BYTES
from ace_tracing.recording.frames import ENDED, NO_ID, STARTED, pack_end, pack_start

KINDS = [Buffer, LockedBuffer]


def make(kind: type[Buffer] = Buffer, segments: int = 6) -> Buffer:
    storage = MemoryStorage(segments * SEGMENT_BYTES)
    return kind(storage, storage, lambda _: None)


def start(span_id: int, parent_id: int = 0, size: int = 0) -> bytes:
    return pack_start(STARTED, span_id, parent_id, 1) + bytes(size)


def end(span_id: int, size: int = 0) -> bytes:
    return pack_end(ENDED, span_id, 2, 1) + bytes(size)


def read_all(buffer: Buffer, most: int = 64 * 1024) -> list[bytes]:
    found = []
    while buffer.has_unread():
        frames, read_to = buffer.read(most)
        found += [frame for _, frame in frames]
        buffer.release(read_to)
        buffer.prepare_segment()
    return found


@pytest.fixture
def restless() -> Iterator[None]:
    """Threads that take turns as often as they can."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


def test_no_other_thread_can_come_in_between_looking_at_the_room_and_taking_it() -> None:
    # The interpreter changes threads where a function is called or begins, and where a loop goes back.
    instructions = list(dis.get_instructions(Buffer.put))
    touches = [number for number, instruction in enumerate(instructions) if instruction.argval == "at"]
    look = next(n for n in touches if instructions[n].opname.startswith("LOAD_ATTR"))
    take = next(n for n in touches if instructions[n].opname == "STORE_ATTR")
    assert look < take
    between = {instruction.opname for instruction in instructions[look : take + 1]}
    assert not {name for name in between if "CALL" in name or "JUMP" in name or "RESUME" in name or "YIELD" in name}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.usefixtures("restless")
def test_eight_threads_lose_nothing_and_keep_their_order(kind: type[Buffer]) -> None:
    buffer = make(kind)
    count, threads = 20_000, 8

    def write(number: int) -> None:
        for each in range(count):
            buffer.put(b"%d %d" % (number, each) + bytes(each % 400))

    writers = [threading.Thread(target=write, args=(number,)) for number in range(threads)]
    for writer in writers:
        writer.start()
    found = []
    while any(writer.is_alive() for writer in writers) or buffer.has_unread():
        found += read_all(buffer)
    for writer in writers:
        writer.join()
    assert not buffer.dropped
    for number in range(threads):
        mine = [frame.rstrip(b"\0") for frame in found if frame.startswith(b"%d " % number)]
        assert mine == [b"%d %d" % (number, each) for each in range(count)]


@pytest.mark.usefixtures("restless")
def test_a_garbage_collectors_callback_that_writes_is_only_another_writer() -> None:
    buffer = make()
    called = 0

    def collected(phase: str, _: object) -> None:
        nonlocal called
        called += 1
        buffer.put(b"from the collector")

    usual = gc.get_threshold()
    gc.callbacks.append(collected)
    gc.set_threshold(1)
    try:
        for number in range(3_000):
            buffer.put(b"%d" % number + bytes(9_000))
    finally:
        gc.callbacks.remove(collected)
        gc.set_threshold(*usual)
    found = read_all(buffer)
    assert found.count(b"from the collector") == called > 0
    assert [int(frame.rstrip(b"\0")) for frame in found if not frame.startswith(b"from")] == list(range(3_000))


@given(st.lists(st.integers(0, 700_000), max_size=80), st.integers(1, 3_000_000))
def test_frames_of_any_size_come_back_as_they_were(sizes: list[int], most: int) -> None:
    buffer = make(segments=12)
    frames = [b"%d " % number + b"x" * size for number, size in enumerate(sizes)]
    for frame in frames:
        assert not buffer.put(frame)
    assert read_all(buffer, most) == frames


def test_a_frame_that_fits_nowhere_is_counted_and_costs_no_other() -> None:
    buffer = make()
    buffer.put(b"before")
    assert buffer.put(bytes(SEGMENT_BYTES))
    buffer.put(b"after")
    assert buffer.dropped == {TOO_LARGE: 1}
    assert read_all(buffer) == [b"before", b"after"]


@pytest.mark.parametrize("kind", KINDS)
def test_what_finds_no_room_is_counted_and_what_was_taken_may_still_end(kind: type[Buffer]) -> None:
    buffer = make(kind, segments=2)
    taken = 0
    while not buffer.put(start(taken + 1, size=1_000_000)):
        taken += 1
    assert buffer.put(start(1_000, parent_id=1))
    assert buffer.dropped == {BUFFER_FULL: 1, BUFFER_FULL_SPANS: 1}
    for number in range(taken):
        assert not buffer.put(end(number + 1))
    frames = read_all(buffer)
    assert [frame[0] for frame in frames] == [STARTED] * taken + [ENDED] * taken
    assert not buffer.put(start(2_000))
    assert [frame[1:9] for frame in read_all(buffer)] == [(2_000).to_bytes(8)]


def test_an_end_that_finds_no_room_is_told_by_its_span() -> None:
    buffer = make(segments=2)
    while not buffer.put(start(1, size=1_000_000)):
        pass
    lost = 0
    for number in range(20):
        lost += bool(buffer.put(end(number, size=1_000_000)))
    assert lost == len(buffer.lost_ends) > 0
    assert buffer.lost_ends[-1] == (19).to_bytes(8)


def test_an_abandoned_buffer_takes_nothing() -> None:
    buffer = make()
    buffer.put(b"the parent's")
    buffer.abandon()
    assert buffer.put(b"the child's")
    assert not buffer.has_unread()


def test_a_buffer_at_rest_has_no_memory_and_wakes_up_with_the_next_frame() -> None:
    buffer = make()
    buffer.put(b"one")
    assert not buffer.free_if_read(lambda: None, lambda: None)
    assert read_all(buffer) == [b"one"]
    assert buffer.free_if_read(lambda: None, lambda: None)
    buffer.put(b"two")
    assert read_all(buffer) == [b"two"]


def test_a_root_has_no_parent() -> None:
    assert start(1)[9:17] == NO_ID
