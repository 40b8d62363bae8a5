"""Whole values: a value within the documented sizes is recorded whole, on an idle and on a busy machine."""

from __future__ import annotations

import dataclasses
import datetime
import itertools
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import orjson
import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ace_tracing.values.json_copies import JsonCopier
from ace_tracing.values.limits import DEFAULT_LIMITS, Limits
from ace_tracing.values.snapshot import snapshot

MEGABYTE = DEFAULT_LIMITS.value_bytes
NOTES_BYTES = 4_000


class Message(pydantic.BaseModel):
    role: str = "user"
    content: str = "Which documents are about the capital of France?"
    index: int = 0


@dataclasses.dataclass
class Point:
    x: int
    label: str = "somewhere"


def make_row(number: int) -> dict[str, Any]:
    return {"id": number, "name": f"document {number}", "score": number / 7, "text": "a few words", "ok": True}


def make_timed_row(number: int) -> dict[str, Any]:
    return make_row(number) | {"at": datetime.datetime(2026, 1, 2, 3, 4, 5)}


WHOLE: dict[str, Callable[[], Any]] = {
    "40 pydantic messages": lambda: [Message(index=number) for number in range(40)],
    "300 dataclasses": lambda: [Point(number) for number in range(300)],
    "10,000 dataclasses": lambda: [Point(number) for number in range(10_000)],
    "4,000 dicts": lambda: [make_row(number) for number in range(4_000)],
    "4,000 dicts with datetimes": lambda: [make_timed_row(number) for number in range(4_000)],
    "a megabyte of messages": lambda: [{"role": "user", "content": "x" * 480} for _ in range(2_000)],
    "a megabyte of dicts": lambda: [make_row(number) | {"more": "x" * 20} for number in range(8_500)],
    "lists of 10,000 numbers": lambda: {str(number): list(range(10_000)) for number in range(20)},
    "lists of 10,000 numbers and a set": lambda: [*(list(range(10_000)) for _ in range(20)), {1}],
    "a million bytes of text": lambda: [{"text": "é" * 60_000} for _ in range(8)],
}


@contextmanager
def computing_threads(count: int) -> Iterator[None]:
    """Run threads that compute without a pause."""
    stop = threading.Event()

    def compute() -> None:
        while not stop.is_set():
            sum(range(1_000))

    threads = [threading.Thread(target=compute) for _ in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


@pytest.mark.parametrize("make", WHOLE.values(), ids=WHOLE)
def test_value_within_the_limits_has_no_cut(make: Callable[[], Any]) -> None:
    encoded = snapshot(make())
    assert len(encoded) <= MEGABYTE
    assert b"<cut" not in encoded


@pytest.mark.parametrize("make", WHOLE.values(), ids=WHOLE)
def test_value_beside_computing_threads_is_the_same(make: Callable[[], Any]) -> None:
    value = make()
    alone = snapshot(value)
    with computing_threads(2):
        assert {snapshot(value) for _ in range(3)} == {alone}


def test_value_is_the_same_however_far_a_clock_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    jumps = itertools.count(step=3_600)
    for name, module in list(sys.modules.items()):
        if name.startswith("ace_tracing.values"):
            for clock in ("perf_counter", "monotonic", "thread_time", "process_time"):
                if hasattr(module, clock):
                    monkeypatch.setattr(module, clock, lambda: float(next(jumps)))
    assert b"<cut" not in snapshot([Point(number) for number in range(300)])


def test_value_is_whole_when_an_audit_hook_refuses_the_fast_path() -> None:
    # In a process of its own, because an audit hook cannot be removed.
    program = """
import sys
from ace_tracing.values.snapshot import snapshot
value = [{"number": number} for number in range(5_000)]
before = snapshot(value)
refused = []
def refuse(event, arguments):
    if event.startswith("gc."):
        refused.append(event)
        raise PermissionError(event)
sys.addaudithook(refuse)
assert snapshot(value) == before
assert refused
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=300, check=False)
    assert ran.returncode == 0, ran.stderr


BEYOND: dict[str, Callable[[int], Any]] = {
    "dicts": lambda size: [[make_row(number) for number in range(100)]] * (size // 9_000),
    "timed dicts": lambda size: [[make_timed_row(number) for number in range(100)]] * (size // 12_000),
    "objects of lists": lambda size: {f"key {number}": [number, "x" * 900] for number in range(size // 900)},
    "text beyond ASCII": lambda size: {"a": ["é" * (size // 20)] * 10},
    "control characters": lambda size: ["\x00" * (size // 60)] * 10,
    "numbers": lambda size: [list(range(10**9, 10**9 + 100))] * (size // 1_100),
    "nested in the first": lambda size: [[[[[make_row(number) for number in range(100)]] * (size // 9_000), 1], 2], 3],
}


@pytest.mark.parametrize("make", BEYOND.values(), ids=BEYOND)
@pytest.mark.parametrize("times", [1.02, 1.5, 4])
def test_value_beyond_a_megabyte_keeps_a_megabyte(make: Callable[[int], Any], times: float) -> None:
    size = MEGABYTE // 2
    encoded = snapshot(make(int(size * MEGABYTE / len(orjson.dumps(make(size))) * times)))
    assert 0.97 * MEGABYTE <= len(encoded) <= MEGABYTE + NOTES_BYTES
    assert b"more of" in encoded
    orjson.loads(encoded)


def test_the_size_in_a_note_is_that_of_the_value() -> None:
    limits = Limits(value_bytes=2_000, string_chars=1_500, items=500)
    cut_list = orjson.loads(snapshot(list(range(900)), limits))
    assert cut_list[-1] == f"<cut: {900 - len(cut_list) + 1} more of 900 items>"
    cut_dict = orjson.loads(snapshot({str(number): {number} for number in range(900)}, limits))
    assert cut_dict.pop("<cut>") == f"{900 - len(cut_dict)} more of 900 items"
    _, cut_text = orjson.loads(snapshot(["x" * 1_200, "é" * 2_000], limits))
    kept, note = cut_text.split("<")
    assert note == f"cut: {2_000 - len(kept)} more of 2000 characters>"


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda children: (
        st.lists(children) | st.tuples(children, children) | st.dictionaries(st.text() | st.integers(), children)
    ),
)


@settings(deadline=None)
@given(PLAIN, st.integers(0, 3))
def test_plain_value_and_its_copy_have_the_same_json(value: Any, times: int) -> None:
    value = [value, {"repeated": [value] * 100 * times}]
    copied = JsonCopier(DEFAULT_LIMITS, is_strict=True).copy(value)
    assert snapshot(value) == orjson.dumps(copied)


class Everything(pydantic.BaseModel):
    text: str
    number: int
    fraction: float
    flag: bool
    nothing: None
    numbers: list[int]
    by_name: dict[str, Everything]
    either: int | str | Everything


MODELS = st.deferred(
    lambda: st.builds(
        Everything,
        text=st.text(),
        number=st.integers(-(2**63), 2**63 - 1),
        fraction=st.floats(allow_nan=False),
        numbers=st.lists(st.integers(-(2**63), 2**63 - 1), max_size=3),
        by_name=st.dictionaries(st.text(), MODELS, max_size=1),
        either=st.integers(-(2**63), 2**63 - 1) | st.text() | MODELS,
    )
)


@settings(deadline=None)
@given(MODELS)
def test_plain_model_has_the_json_of_pydantic(model: Everything) -> None:
    assert snapshot(model, Limits(depth=200)) == orjson.dumps(model.model_dump())
