"""The buffer accepts frames from any thread without a lock, and returns each frame once, in order and whole."""

from __future__ import annotations

import dis
import gc
import sys
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ace_tracing.delivery.spool.buffer import Buffer
from ace_tracing.delivery.spool.drops import BUFFER_FULL, BUFFER_FULL_SPANS, TOO_LARGE
from ace_tracing.delivery.spool.locked_buffer import LockedBuffer
from ace_tracing.delivery.spool.segments import SEGMENT_BYTES
from ace_tracing.delivery.spool.storage import MemoryStorage
from ace_tracing.recording.frames import ENDED, NO_ID, STARTED, pack_end, pack_start

KINDS = [Buffer, LockedBuffer]


def make(kind: type[Buffer] = Buffer, segments: int = 6) -> Buffer:
    storage = MemoryStorage(segments * SEGMENT_BYTES)
    return kind(storage, storage, lambda _: None)


def start(span_id: int, parent_id: int = 0, size: int = 0) -> bytes:
    return pack_start(STARTED, span_id, parent_id, 1) + bytes(size)


def end(span_id: int, size: int = 0) -> bytes:
    return pack_end(ENDED, span_id, 2, 1) + bytes(size)


def read_all(buffer: Buffer, max_bytes: int = 64 * 1024) -> list[bytes]:
    found = []
    while buffer.has_unread():
        frames, read_to = buffer.read(max_bytes)
        found += [frame for _, frame in frames]
        buffer.release(read_to)
        buffer.prepare_segment()
    return found


@pytest.fixture
def frequent_switches() -> Iterator[None]:
    """Switch threads as often as possible."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


def test_no_thread_switch_is_possible_while_space_is_reserved() -> None:
    # The interpreter switches threads at function calls and starts, and at backward jumps of loops.
    instructions = list(dis.get_instructions(Buffer.put))
    touches = [number for number, instruction in enumerate(instructions) if instruction.argval == "at"]
    load = next(n for n in touches if instructions[n].opname.startswith("LOAD_ATTR"))
    store = next(n for n in touches if instructions[n].opname == "STORE_ATTR")
    assert load < store
    between = {instruction.opname for instruction in instructions[load : store + 1]}
    assert not {name for name in between if "CALL" in name or "JUMP" in name or "RESUME" in name or "YIELD" in name}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.usefixtures("frequent_switches")
def test_frames_of_eight_threads_keep_their_order_without_loss(kind: type[Buffer]) -> None:
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


@pytest.mark.usefixtures("frequent_switches")
def test_frames_from_a_garbage_collector_callback_are_accepted() -> None:
    buffer = make()
    called = 0

    def write_frame(phase: str, _: object) -> None:
        nonlocal called
        called += 1
        buffer.put(b"from the collector")

    usual = gc.get_threshold()
    gc.callbacks.append(write_frame)
    gc.set_threshold(1)
    try:
        for number in range(3_000):
            buffer.put(b"%d" % number + bytes(9_000))
    finally:
        gc.callbacks.remove(write_frame)
        gc.set_threshold(*usual)
    found = read_all(buffer)
    assert found.count(b"from the collector") == called > 0
    assert [int(frame.rstrip(b"\0")) for frame in found if not frame.startswith(b"from")] == list(range(3_000))


@given(st.lists(st.integers(0, 700_000), max_size=80), st.integers(1, 3_000_000))
def test_frames_of_any_size_are_returned_unchanged(sizes: list[int], max_bytes: int) -> None:
    buffer = make(segments=12)
    frames = [b"%d " % number + b"x" * size for number, size in enumerate(sizes)]
    for frame in frames:
        assert not buffer.put(frame)
    assert read_all(buffer, max_bytes) == frames


def test_too_large_frame_is_counted_and_costs_no_other_frame() -> None:
    buffer = make()
    buffer.put(b"before")
    assert buffer.put(bytes(SEGMENT_BYTES))
    buffer.put(b"after")
    assert buffer.dropped == {TOO_LARGE: 1}
    assert read_all(buffer) == [b"before", b"after"]


@pytest.mark.parametrize("kind", KINDS)
def test_full_buffer_counts_new_spans_and_accepts_ends_of_open_ones(kind: type[Buffer]) -> None:
    buffer = make(kind, segments=2)
    accepted = 0
    while not buffer.put(start(accepted + 1, size=1_000_000)):
        accepted += 1
    assert buffer.put(start(1_000, parent_id=1))
    assert buffer.dropped == {BUFFER_FULL: 1, BUFFER_FULL_SPANS: 1}
    for number in range(accepted):
        assert not buffer.put(end(number + 1))
    frames = read_all(buffer)
    assert [frame[0] for frame in frames] == [STARTED] * accepted + [ENDED] * accepted
    assert not buffer.put(start(2_000))
    assert [frame[1:9] for frame in read_all(buffer)] == [(2_000).to_bytes(8)]


def test_span_whose_end_does_not_fit_is_recorded_as_lost() -> None:
    buffer = make(segments=2)
    while not buffer.put(start(1, size=1_000_000)):
        pass
    lost = 0
    for number in range(20):
        lost += bool(buffer.put(end(number, size=1_000_000)))
    assert lost == len(buffer.lost_ends) > 0
    assert buffer.lost_ends[-1][1] == (19).to_bytes(8)


def test_abandoned_buffer_accepts_no_frame() -> None:
    buffer = make()
    buffer.put(b"the parent's")
    buffer.abandon()
    assert buffer.put(b"the child's")
    assert not buffer.has_unread()


def test_freed_buffer_accepts_the_next_frame() -> None:
    buffer = make()
    buffer.put(b"one")
    assert not buffer.free_if_read(lambda: None, lambda: None)
    assert read_all(buffer) == [b"one"]
    assert buffer.free_if_read(lambda: None, lambda: None)
    buffer.put(b"two")
    assert read_all(buffer) == [b"two"]


def test_start_frame_of_a_root_has_no_parent_id() -> None:
    assert start(1)[9:17] == NO_ID
