"""Snapshot: the JSON of each kind of value, and the limits, without a trace."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import decimal
import fractions
import functools
import io
import ipaddress
import re
import threading
import types
import zoneinfo
from pathlib import Path
from typing import Any, NamedTuple

import attrs
import orjson
import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ace_tracing.testing.hostile.values import VALUES
from ace_tracing.values.snapshot import Limits, snapshot

NOTES_BYTES = 4_000


def read(value: object, limits: Limits | None = None) -> Any:
    return orjson.loads(snapshot(value, limits) if limits else snapshot(value))


class Pair(NamedTuple):
    left: int
    right: object


@dataclasses.dataclass(slots=True)
class Account:
    user: str
    key: str = dataclasses.field(default="secret", repr=False)


@attrs.define
class AttrsAccount:
    user: str
    key: str = attrs.field(default="secret", repr=False)


class Model(pydantic.BaseModel):
    model_config = {"extra": "allow"}
    user: str
    password: pydantic.SecretStr = pydantic.SecretStr("secret")
    key: str = pydantic.Field("secret", repr=False)


class Named:
    def __init__(self) -> None:
        self.shape = (2, 3)
        self.dtype = "float32"
        self.device = "cuda:0"


def function() -> None: ...


UTC = datetime.UTC


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(Pair(1, {2}), {"left": 1, "right": [2]}, id="named tuple"),
        pytest.param(Account("u"), {"user": "u"}, id="dataclass with slots and a hidden field"),
        pytest.param(AttrsAccount("u"), {"user": "u"}, id="attrs with a hidden field"),
        pytest.param(
            Model(user="u", more=1),  # type: ignore[call-arg]
            {"user": "u", "password": "<pydantic.types.SecretStr object>", "more": 1},
            id="pydantic with hidden and extra fields",
        ),
        pytest.param(types.MappingProxyType({"a": 1}), {"a": 1}, id="mapping proxy"),
        pytest.param(collections.UserDict(a=1), {"a": 1}, id="UserDict"),
        pytest.param(collections.defaultdict(list, a=[1]), {"a": [1]}, id="defaultdict"),
        pytest.param(
            collections.ChainMap({"a": 1}, {"a": 2}),
            {"<type>": "collections.ChainMap", "maps": [{"a": 1}, {"a": 2}]},
            id="ChainMap",
        ),
        pytest.param({"a": 1}.items(), [["a", 1]], id="dict items"),
        pytest.param(types.SimpleNamespace(a=1), {"a": 1}, id="SimpleNamespace"),
        pytest.param(OSError(2, "no such file"), "FileNotFoundError: [Errno 2] no such file", id="OSError"),
        pytest.param(ValueError(1, function), "ValueError: 1, <function object>", id="exception of odd arguments"),
        pytest.param(KeyError("k"), "KeyError: 'k'", id="KeyError"),
        pytest.param(ValueError(), "ValueError", id="exception without a message"),
        pytest.param(functools.partial(function, 1), "<functools.partial: <function function>>", id="partial"),
        pytest.param(Path("a") / "b", str(Path("a/b")), id="path"),
        pytest.param(fractions.Fraction(1, 3), "1/3", id="fraction"),
        pytest.param(ipaddress.ip_network("10.0.0.0/8"), "10.0.0.0/8", id="network"),
        pytest.param(decimal.Decimal("NaN"), "NaN", id="decimal"),
        pytest.param(1 + 2j, "(1+2j)", id="complex"),
        pytest.param(range(3), "range(0, 3)", id="range"),
        pytest.param(re.compile("a+"), "<re.Pattern: 'a+'>", id="pattern"),
        pytest.param(datetime.datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00+00:00", id="aware datetime"),
        pytest.param(
            datetime.datetime(2026, 1, 2, tzinfo=zoneinfo.ZoneInfo("UTC")), "2026-01-02T00:00:00+00:00", id="zone"
        ),
        pytest.param(io.BytesIO(b"x"), "<_io.BytesIO object>", id="buffer"),
        pytest.param(memoryview(b"xyz"), "<memoryview: 3 bytes>", id="memory"),
        pytest.param(iter([1]), "<list_iterator object>", id="iterator"),
        pytest.param(orjson.Fragment(b"{"), "<orjson.Fragment object>", id="fragment"),
        pytest.param(threading, "<module threading>", id="module"),
        pytest.param({1: "a", "1": "b", "1 #2": "c"}, {"1": "a", "1 #2": "b", "1 #2 #3": "c"}, id="same keys"),
    ],
)
def test_value_encodes_as_expected_json(value: Any, expected: Any) -> None:
    assert read(value) == expected


def test_file_placeholder_contains_its_path(tmp_path: Path) -> None:
    with (tmp_path / "f.txt").open("w") as file:
        assert "f.txt" in read(file)


def test_pydantic_1_model_is_encoded_by_its_fields() -> None:
    v1 = pytest.importorskip("pydantic.v1")
    made: Any = type(
        "Old",
        (v1.BaseModel,),
        {"__annotations__": {"user": str, "key": str}, "key": v1.Field("secret", repr=False), "__module__": __name__},
    )
    assert read(made(user="u")) == {"user": "u"}


def test_tensor_is_encoded_as_shape_dtype_and_device() -> None:
    assert read(Named()) == {
        "<type>": f"{__name__}.Named",
        "dtype": "float32",
        "shape": [2, 3],
        "device": "cuda:0",
    }


def test_numpy_arrays_and_scalars_are_encoded() -> None:
    numpy = pytest.importorskip("numpy")
    array = read(numpy.arange(12.0).reshape(3, 4))
    assert array == {
        "<type>": "numpy.ndarray",
        "dtype": "float64",
        "shape": [3, 4],
        "first": list(map(float, range(10))),
    }
    assert read([numpy.int64(7), numpy.float32(0.5), numpy.bool_(True), numpy.str_("s")]) == [7, 0.5, True, "s"]
    assert read(numpy.datetime64("2026-01-02")) == "2026-01-02"


def test_pandas_tables_are_summarized() -> None:
    pandas = pytest.importorskip("pandas")
    frame = read(pandas.DataFrame({"a": range(100), "b": ["x"] * 100}))
    assert frame.pop("<type>").endswith("DataFrame")
    assert frame == {"shape": [100, 2], "columns": ["a", "b"], "first": [[n, "x"] for n in range(5)]}
    column = read(pandas.Series([1.5, 2.5], name="n"))
    assert column.pop("<type>").endswith("Series")
    assert column == {"name": "n", "dtype": "float64", "shape": [2], "first": [1.5, 2.5]}
    assert read([pandas.NaT, pandas.Timestamp("2026-01-02")]) == ["NaT", "2026-01-02T00:00:00"]


def test_plain_json_is_cut_at_the_same_limits() -> None:
    limits = Limits(string_chars=3, items=2, depth=2)
    assert read("abcde", limits) == "abc<cut: 2 more of 5 characters>"
    assert read([1, 2, 3], limits) == [1, 2, "<cut: 1 more of 3 items>"]
    assert read({"a": 1, "b": 2, "c": 3}, limits) == {"a": 1, "b": 2, "<cut>": "1 more of 3 items"}
    assert read({"a": 1}, Limits(depth=0)) == "<dict: nested deeper than 0>"
    assert read([[[1]]], limits) == [["<list: nested deeper than 2>"]]


@pytest.mark.parametrize("character", ["a", "é", "😀", "\0", '"'])
def test_short_strings_are_cut_at_the_limit_of_their_json(character: str) -> None:
    limits = Limits(value_bytes=60)
    for chars in range(80):
        text = orjson.dumps(character * chars)
        assert (snapshot(character * chars, limits) == text) == (len(text) <= limits.value_bytes)


def test_value_is_cut_at_the_work_limit() -> None:
    kept = read({"first": [object()] * 5_000, "second": 1}, Limits(work=100))
    assert kept["first"] == ["<object object>"] * 100 + ["<cut: 4900 more of 5000 items>"]
    assert kept["<cut>"] == "1 more of 2 items"


class Restless(dict[str, int]):
    """A dict that changes when its `items` method is called."""

    def items(self) -> Any:
        self[str(len(self))] = 1
        return super().items()


def test_dict_is_read_without_its_overridden_methods() -> None:
    assert read(Restless(a=1)) == {"a": 1}


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda children: (
        st.lists(children)
        | st.tuples(children, children)
        | st.dictionaries(st.text() | st.integers() | st.none(), children)
        | st.builds(Pair, st.integers(), children)
        | st.frozensets(st.integers())
    ),
    max_leaves=60,
)
LIMITS = st.builds(
    Limits,
    value_bytes=st.integers(0, 3_000),
    string_chars=st.integers(0, 200),
    items=st.integers(0, 20),
    depth=st.integers(0, 8),
)


def shape_of(plain: Any) -> tuple[int, int]:
    """Return the depth of a JSON value and the size of its largest list or object."""
    if not isinstance(plain, (list, dict)):
        return 0, 0
    inner = [shape_of(item) for item in (plain.values() if isinstance(plain, dict) else plain)]
    return 1 + max((depth for depth, _ in inner), default=0), max([len(plain), *(size for _, size in inner)])


@settings(deadline=None)
@given(PLAIN, LIMITS)
def test_no_value_exceeds_its_limits(value: Any, limits: Limits) -> None:
    encoded = snapshot(value, limits)
    assert len(encoded) <= limits.value_bytes + NOTES_BYTES
    depth, size = shape_of(orjson.loads(encoded))
    assert depth <= limits.depth
    # The note about the cut is one more element.
    assert size <= limits.items + 1


SMALL = sorted(name for name in VALUES if not re.search(r"\d MB|\d00|million|billion|laughs|all modules|control", name))


@settings(deadline=None, max_examples=200)
@given(
    st.recursive(
        st.sampled_from(SMALL),
        lambda children: st.lists(children, max_size=4) | st.dictionaries(st.sampled_from(["a", "b"]), children),
        max_leaves=8,
    )
)
def test_mixed_hostile_values_leave_their_neighbours_intact(names: Any) -> None:
    def build(drawn: Any) -> Any:
        if isinstance(drawn, str):
            return VALUES[drawn]()
        if isinstance(drawn, dict):
            return {key: build(item) for key, item in drawn.items()}
        return [build(item) for item in drawn]

    value = [{"before": 1}, build(names), Pair(2, "after")]
    assert read(value)[::2] == [{"before": 1}, {"left": 2, "right": "after"}]
