"""The checks of the arguments of `configure` and of the other functions that control tracing."""

from __future__ import annotations

import enum
import functools
import inspect
import math
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock, Mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ace_tracing
from ace_tracing import ConfigurationError, start_span
from ace_tracing.arguments import ARGUMENTS
from ace_tracing.testing import capture_traces
from kayba_local import LocalServer


class Text(str):
    """A subclass of str whose methods differ from those of str."""

    def __str__(self) -> str:
        raise RuntimeError

    __repr__ = __str__


class Folder(str, enum.Enum):  # noqa: UP042 - its str() differs from its value
    PRODUCTION = "production"


class Hostile:
    """An object none of whose methods works."""

    def __bool__(self) -> bool:
        raise RuntimeError

    __str__ = __len__ = __float__ = __eq__ = __iter__ = __format__ = __bool__  # type: ignore[assignment]
    __hash__ = object.__hash__


async def mask_async(value: Any) -> Any:
    return value


def mask_generator(value: Any) -> Iterator[Any]:
    yield value


class MaskAsync:
    async def __call__(self, value: Any) -> Any:
        return value


NO_TEXT: tuple[Any, ...] = (
    5, 0, 0.5, True, False, math.nan, b"text", bytearray(b"text"), ["text"], (), {}, {"a"}, object(), Hostile(), Text,
    Path("a"), lambda: "text", Decimal(1), "\ud800", "a\x00b", "line\nbreak", "a\x7f",
)  # fmt: skip
NO_NUMBER: tuple[Any, ...] = (
    "0.5", "", "one", b"1", True, False, None, math.nan, np.float64("nan"), Decimal("nan"), [0.5], {}, (), 1j,
    object(), Hostile(), float, np.array([0.5]), np.bool_(True),
)  # fmt: skip
NO_BOOL: tuple[Any, ...] = (0, 1, "", "true", "False", "/path", Path("/path"), None, [], {}, 1.0, object(), Hostile())

NO_DURATION = (*(each for each in NO_NUMBER if each is not None), -1, -0.1, math.inf, np.int64(-1), 10**400)

WRONG: dict[str, tuple[Any, ...]] = {
    "api_key": (
        *NO_TEXT, '"kb-key"', "'kb-key'", '"kb-key', "kb-key'", "`kb-key`", "“kb-key”", "kb key", "Bearer kb-key",
        "kb-\nkey", "kb-\tkey", "kb-käse", "kb-key\u200b", "kb-key\r\nX-Other: 1",
    ),
    "base_url": (
        *NO_TEXT, "http://x y", "http://x/a b", "x y", "use.kayba.ai", "localhost:4180", "4180", "/path", "http:",
        "http:/", "http://", "http:///api", "http:/localhost", "https//use.kayba.ai", "ftp://x", "file:///etc/passwd", "ws://x",
        '"http://x"', "'http://x'", "<http://x>", "http://https://x", "https://https://use.kayba.ai", "http://user@x",
        "http://user:password@x", "http://@x", "http://x?token=1", "http://x/?a", "http://x?", "http://x#top", "http://x#",
        "http://x:port", "http://x:0", "http://x:99999", "http://x:-1", "http://[::1", "http://::1", "http://[x]",
        "http://[::1::]", "http://.", "http://..", "http://x..y", "http://.x", "http://-x", "http://x-.y", "http://x,y",
        "http://x;y", "http://x|y", "http://x\\y", "http://x^y", "http://{host}", "http://$HOST", "http://${HOST}:1",
        "http://*", "http://%20", "http://1.2.3", "http://999.1.1.1", "http://1", f"http://{'x' * 64}",
        f"http://{'x.' * 130}x", "http://\u2025", "http://x\u3000y", "http://xn--\u00e4", "kb-key",
    ),
    "exporter": (*NO_TEXT, None, "", " ", "KAYBA", "jaeger", "kayba,otlp", ("kayba", "kayba"), ("kayba", 5),
                 {"kayba"}, [[]]),
    "headers": (
        5, "api-key=secret", b"a", ["a"], [("a", "b")], {1: "a"}, {"a": 1}, {"a": None}, {"a": b"b"}, {"": "a"},
        {"a b": "c"}, {"a:": "c"}, {"a": "b\nc"}, {"a": "b\x00"}, {"a": "\u20ac"}, {"k\u00e4se": "a"}, object(),
        Hostile(),
    ),
    "experiment": (*NO_TEXT, 7, "x" * 501),
    "folder": NO_TEXT[:-4],
    "sample_rate": (
        *NO_NUMBER, -0.1, 1.1, 2, -1, 50, math.inf, -math.inf, 10**400, np.float32(1.5), np.int64(2), Decimal(2),
        Fraction(3, 2),
    ),
    "keep_errors": NO_BOOL,
    "keep_slower_than": NO_DURATION,
    "show_running_after": NO_DURATION,
    "prices": (
        "prices.json", 5, 1.5, [], ["my-model"], {1: {"input": 1}}, {"my-model": 5}, {"my-model": {}},
        {"my-model": {"output": 1}}, {"my-model": {"input": "1"}}, {"my-model": {"input": -1}},
        {"my-model": {"input": math.inf}}, {"my-model": {"input": math.nan}}, {"my-model": {"input": 1, "per_call": 1}},
    ),
    "remote_parent": (*NO_TEXT, None, "", " ", "AUTO", "always", "continue", " own"),
    "media": (*NO_TEXT, "ATTACH", "attachment", "on", " note"),
    "mask": (
        5, 0, "x", "", True, False, b"x", ["a"], {}, {"key": "value"}, object(), Hostile(), mask_async, mask_generator,
        MaskAsync(), AsyncMock(), functools.partial(mask_async), lambda: None, lambda a, b: a, lambda *, key: key,
    ),
    "spool": NO_BOOL,
}  # fmt: skip
WRONG["endpoint"] = WRONG["base_url"]
"""Wrong values of each argument of `configure`."""

DURATION = (None, 0, 5, 2.5, np.float32(1), np.int8(3), Decimal("0.1"), 10**300)

RIGHT: dict[str, tuple[Any, ...]] = {
    "api_key": ("kb-key", " kb-key\n", Text("kb-key"), "a.b_c~d+/=", "x" * 3000),
    "base_url": (
        "http://localhost:1", "https://use.kayba.ai", " http://x ", "HTTP://X", "http://x:", "http://x.", "http://my_host:1",
        "http://[::1]:1", "http://127.0.0.1/api/mlflow/", "http://käse.example", "http://xn--kse-qla.example", "",
        Text("http://x"), "http://x/a/b",
    ),
    "exporter": ("kayba", ["kayba"], ("kayba",), Text("kayba")),
    "endpoint": (None, "", " "),
    "headers": (None, {}),
    "experiment": (None, "", " ", "runs", Text("runs"), Folder.PRODUCTION, "käse 🧀", "x" * 500),
    "folder": (None, "", "a/b", Text("a"), "\ud800", "a\nb", "\x00"),
    "sample_rate": (
        0, 1, 0.0, 1.0, 0.5, np.float64(0.5), np.float32(0.5), np.float16(0.5), np.int64(1), np.uint8(0),
        Decimal("0.5"), Fraction(1, 2), -0.0,
    ),
    "keep_errors": (True, False),
    "keep_slower_than": DURATION,
    "show_running_after": DURATION,
    "prices": (None, True, False, {}, {"my-model": None}, {"my-model": {"input": 1.5, "output": 6}}),
    "remote_parent": ("auto", "follow", "own", "ignore", Text("own")),
    "media": (None, "", "attach", "note", "off", Text("off")),
    "mask": (None, lambda value: value, str, repr, Mock(), lambda value, other=1: value, lambda *all_: None, "x".join),
    "spool": (True, False),
}  # fmt: skip

VALID: dict[str, Any] = {"api_key": "kb-test", "base_url": "http://127.0.0.1:9"}


@pytest.fixture(autouse=True)
def _afterwards() -> Iterator[None]:
    yield
    ace_tracing.shutdown(timeout=0)
    ace_tracing.set_folder(None)


def pairs(table: dict[str, tuple[Any, ...]]) -> list[Any]:
    """Return a parameter for each argument and value."""
    return [
        pytest.param(name, value, id=f"{name}-{number}")
        for name, values in table.items()
        for number, value in enumerate(values)
    ]


def test_every_argument_of_configure_has_a_check_and_wrong_values() -> None:
    names = set(inspect.signature(ace_tracing.configure).parameters)
    assert names - set(ARGUMENTS) == set()
    assert names - set(WRONG) == names - set(RIGHT) == set()


@pytest.mark.parametrize(("name", "value"), pairs(WRONG))
def test_a_wrong_argument_raises_and_changes_nothing(name: str, value: Any) -> None:
    ace_tracing.configure(**VALID, folder="before")
    with pytest.raises(ConfigurationError, match=rf"^configure\({name}=(.|\n)*: give .*\.$"):
        ace_tracing.configure(
            **VALID | {name: value, "folder": "after"} | ({"folder": value} if name == "folder" else {})
        )
    assert ace_tracing.get_folder() == "before"


@pytest.mark.parametrize(("name", "value"), pairs(RIGHT))
def test_a_right_argument_is_accepted(name: str, value: Any) -> None:
    ace_tracing.configure(**VALID | {name: value})
    with start_span("step"):
        pass


@pytest.mark.parametrize("endpoint", RIGHT["base_url"])
@pytest.mark.parametrize(
    "headers", [{"api-key": "x y"}, {"A": "\u00e4"}, {"a": ""}, {Text("a"): Text("b")}], ids=range(4)
)
def test_right_arguments_of_the_collector_are_accepted(endpoint: str, headers: dict[str, str]) -> None:
    ace_tracing.configure(exporter="otlp", endpoint=endpoint, headers=headers)
    with start_span("step"):
        pass


@pytest.mark.parametrize(
    ("exporter", "argument"),
    [("kayba", "endpoint"), ("kayba", "headers"), ("otlp", "api_key"), ("otlp", "base_url")],
)
def test_an_argument_of_another_exporter_raises(exporter: Any, argument: str) -> None:
    value = {"endpoint": "http://x", "headers": {"a": "b"}, "api_key": "kb-test", "base_url": "http://x"}[argument]
    with pytest.raises(ConfigurationError, match=rf"^configure\({argument}=\.\.\.\) .* exporter='{exporter}'"):
        ace_tracing.configure(exporter=exporter, **{argument: value})


@pytest.mark.parametrize(
    ("variable", "argument"), [("KAYBA_API_KEY", "api_key"), ("KAYBA_API_URL", "base_url")], ids=["key", "address"]
)
def test_a_wrong_variable_raises_with_its_name(variable: str, argument: str, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [value for value in WRONG[argument] if isinstance(value, str) and value.isprintable()]
    assert len(texts) > 5
    for text in texts:
        monkeypatch.setenv(variable, text)
        with pytest.raises(ConfigurationError, match=rf"^The environment variable {variable}=.*: give "):
            ace_tracing.configure(**{name: value for name, value in VALID.items() if name != argument})


def test_an_argument_replaces_a_wrong_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAYBA_API_KEY", '"quoted"')
    monkeypatch.setenv("KAYBA_API_URL", "http://x y")
    ace_tracing.configure(**VALID)


def test_spaces_around_a_variable_do_not_count(kayba_server: LocalServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAYBA_API_KEY", " kb-test ")
    monkeypatch.setenv("KAYBA_API_URL", f" {kayba_server.url}\t")
    ace_tracing.configure()
    with start_span("step"):
        pass
    assert ace_tracing.flush().delivered == 1


@pytest.mark.parametrize("value", ["ture", "2", "disabled", "yes please"])
def test_an_unknown_value_of_the_disabling_variable_raises(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAYBA_TRACING_DISABLED", value)
    with pytest.raises(ConfigurationError, match="KAYBA_TRACING_DISABLED"):
        ace_tracing.configure(**VALID)


@pytest.mark.parametrize("value", ["", "0", "false", "No", " off "])
def test_a_negative_value_of_the_disabling_variable_keeps_tracing_on(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAYBA_TRACING_DISABLED", value)
    ace_tracing.configure(**VALID)
    assert ace_tracing.tracing_status().state == "idle"


@pytest.mark.parametrize(
    "arguments",
    [
        {"api_key": '"kb-secret"'},
        {"api_key": b"kb-secret"},
        {"api_key": ["kb-secret"]},
        {"base_url": "kb-secret"},
        {"base_url": "'kb-secret'"},
        {"base_url": "http://user:secret@x"},
        {"base_url": "http://x?token=secret"},
        {"experiment": "kb-secret" * 100},
        {"headers": {"a": "secret\n"}},
        {"endpoint": "http://user:secret@x"},
    ],
    ids=str,
)
def test_an_error_contains_no_secret(arguments: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        ace_tracing.configure(**VALID | arguments)
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_a_subclass_of_str_counts_as_its_text() -> None:
    with capture_traces() as traces:
        ace_tracing.configure(**VALID, folder=Folder.PRODUCTION, experiment=Text("runs"))
        with start_span("step"):
            pass
    assert traces[0].info.folder == "production"


@pytest.mark.parametrize("value", WRONG["folder"])
def test_set_folder_raises_for_no_text(value: Any) -> None:
    ace_tracing.set_folder("before")
    with pytest.raises(ConfigurationError, match=r"^set_folder\(folder="):
        ace_tracing.set_folder(value)
    assert ace_tracing.get_folder() == "before"


@pytest.mark.parametrize("function", [ace_tracing.flush, ace_tracing.shutdown])
@pytest.mark.parametrize(
    "value", [each for each in NO_NUMBER if each is not None], ids=lambda value: type(value).__name__
)
def test_a_timeout_that_is_no_number_raises(function: Callable[..., object], value: Any) -> None:
    for configured in (False, True):
        if configured:
            ace_tracing.configure(**VALID)
        with pytest.raises(ConfigurationError, match=rf"^{function.__name__}\(timeout="):
            function(timeout=value)


@pytest.mark.parametrize("seconds", [0, -1, 10**400, -math.inf, math.inf, np.float32(1), np.int64(1), Decimal("0.5")])
def test_every_number_is_a_timeout(seconds: Any) -> None:
    ace_tracing.configure(**VALID)
    assert ace_tracing.flush(timeout=seconds)
    assert ace_tracing.shutdown(timeout=seconds)


@given(st.sampled_from(sorted(WRONG)), st.text() | st.binary() | st.floats() | st.integers() | st.lists(st.text()))
def test_any_value_is_accepted_or_named_in_the_error(name: str, value: Any) -> None:
    try:
        ace_tracing.configure(**VALID | {name: value})
    except ConfigurationError as error:
        assert f"{name}=" in str(error)  # noqa: PT017 - most values raise, but not all
