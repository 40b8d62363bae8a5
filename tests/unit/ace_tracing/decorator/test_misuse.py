"""`@trace` on unusual targets: objects that are not callable, misleading signatures, undefined annotations."""

from __future__ import annotations

import inspect
import logging
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import ace_tracing
from ace_tracing.testing import capture_traces


@pytest.fixture(autouse=True)
def _quiet_and_shut_down(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(ace_tracing.diagnostics, "loud", False)
    ace_tracing.diagnostics._last_warned.clear()
    yield
    ace_tracing.shutdown(timeout=0.1)


@pytest.fixture
def raising_handler() -> Iterator[None]:
    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise OSError("disk full")

    handler = Handler()
    logger = logging.getLogger("ace_tracing")
    logger.addHandler(handler)
    yield
    logger.removeHandler(handler)


class Descriptor:
    """Method of another library's kind, which is not callable."""

    def __get__(self, instance: object, owner: type | None = None) -> Callable[[], int]:
        return lambda: 1


@pytest.mark.usefixtures("raising_handler")
def test_a_log_handler_that_raises_does_not_reach_the_user() -> None:
    ace_tracing.trace(Descriptor())  # type: ignore[call-overload]


def test_a_name_as_the_positional_argument_is_an_error_that_names_the_keyword() -> None:
    with pytest.raises(TypeError, match=r"^@trace\('plan'\).* Write @trace\(name='plan'\)\.$"):
        ace_tracing.trace("plan")  # type: ignore[call-overload]


@pytest.mark.parametrize("target", [5, 0.5, True, b"plan", ["plan"], {}, object(), ...])
@pytest.mark.parametrize("decorate", [ace_tracing.trace, ace_tracing.trace(name="x"), ace_tracing.trace(None)])
def test_an_object_that_is_not_callable_is_an_error_at_decoration(decorate: Any, target: object) -> None:
    with pytest.raises(TypeError, match=f"object of the type {type(target).__name__}"):
        decorate(target)


@pytest.mark.parametrize("decorate", [ace_tracing.trace, ace_tracing.trace(), ace_tracing.trace(None)])
def test_every_form_without_a_name_decorates(decorate: Any) -> None:
    with capture_traces() as traces:
        assert decorate(len)("abc") == 3
    assert traces[0].info.name == "len"


def test_a_function_with_a_false_signature_gets_the_same_call() -> None:
    def stated(*args: object, **kwargs: object) -> object:
        return args, kwargs

    parameter = inspect.Parameter("x", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    stated.__signature__ = inspect.Signature([parameter])  # type: ignore[attr-defined]
    traced = ace_tracing.trace(stated)
    assert traced(x=1) == ((), {"x": 1})
    with capture_traces() as traces:
        assert traced(x=1) == ((), {"x": 1})
    assert traces[0].data.spans[0].inputs == {"x": 1}


def test_annotations_with_undefined_names_are_not_evaluated() -> None:
    # Without the import from __future__ of this module, as in most programs from Python 3.14 on.
    source = "def step(item: NotDefinedYet) -> NotDefinedYet: return item"
    if sys.version_info < (3, 14):
        source = f"from __future__ import annotations\n{source}"
    names: dict[str, Callable[[int], int]] = {}
    exec(compile(source, "<step>", "exec", dont_inherit=True), names)
    traced = ace_tracing.trace(names["step"])
    with capture_traces() as traces:
        assert traced(1) == 1
    assert traces[0].data.spans[0].inputs == {"item": 1}
