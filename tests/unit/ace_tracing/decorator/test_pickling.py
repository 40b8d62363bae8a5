"""Traced functions and classes of `__main__` that another process gets by value, and their copies and pickles."""

from __future__ import annotations

import copy
import json
import os
import pickle
import subprocess
import sys
from typing import Any, Final

import pytest

import ace_tracing
from ace_tracing import start_span, start_span_no_context, trace
from ace_tracing.testing import capture_traces
from kayba_local import LocalServer

SENDER: Final = """
import asyncio, contextvars, dataclasses, functools, sys
import cloudpickle
from ace_tracing import configure, get_current_span, start_span, trace

configure(api_key="kb-secret", base_url="http://127.0.0.1:9", spool=False, mask=lambda value: value)

@trace(span_type="TOOL", attributes={"size": 3}, agent="helper")
def plain(a, b=2, /, c=3, *, d=4):
    get_current_span().set_attribute("seen", a)
    return a + b + c + d

@trace
def variadic(*args, **kwargs):
    return [*args, *kwargs]

@trace
async def coroutine(a):
    return plain(a)

@trace
def generator(count):
    yield from range(count)

@trace
async def agenerator(count):
    for number in range(count):
        yield number

async def collect(items):
    return [item async for item in items]

@trace(reducer=sum)
def stream(count):
    return iter(range(count))

def pick(arguments):
    return {"picked": arguments["a"]}

@trace(capture_inputs=pick, capture_outputs=lambda result: result * 2)
def picked(a, b):
    return a

@trace(capture_inputs=["a"])
def selected(a, b):
    return a

@start_span("block", attributes={"kind": "manual"})
def block(a):
    return a

block_object = start_span("in a block")

@trace
def in_block(a):
    with block_object:
        return a

@trace
def recursive(count):
    return count and recursive(count - 1)

def make_closure(factor):
    @trace(name="closure")
    def multiply(a):
        return a * factor
    return multiply

def keep_doc(function):
    @functools.wraps(function)
    def call(*args):
        return function(*args)
    return call

@trace
@keep_doc
def wrapped(a):
    return a

@trace
class Agent:
    limit = 3

    def __init__(self, name):
        self.name = name

    def run(self, a):
        return self.clean(a) + self.size

    @staticmethod
    def clean(a):
        return a

    @classmethod
    def make(cls, name):
        return cls(name)

    @property
    def size(self):
        return len(self.name)

    async def arun(self, a):
        return a

@trace
@dataclasses.dataclass
class Record:
    value: int

    def double(self):
        return self.value * 2

plain(1)  # with the mask: its masked call site does not travel
calls = {
    "plain": lambda: plain(1, 2, 3, d=4),
    "plain by name": lambda: plain(1, c=0),
    "variadic": lambda: variadic(1, x=2),
    "coroutine": lambda: asyncio.run(coroutine(1)),
    "generator": lambda: list(generator(3)),
    "async generator": lambda: asyncio.run(collect(agenerator(3))),
    "stream": lambda: list(stream(3)),
    "picked": lambda: picked(1, 2),
    "selected": lambda: selected(1, 2),
    "block": lambda: block(1),
    "in block": lambda: in_block(1),
    "recursive": lambda: recursive(2),
    "closure": functools.partial(make_closure(3), 2),
    "wrapped": lambda: wrapped(1),
    "class": lambda: Agent.make("x").run(1),
    "instance": Agent("xy").run,
    "coroutine method": lambda: asyncio.run(Agent("x").arun(1)),
    "dataclass": Record(2).double,
    "lambda": trace(lambda a=5: a),
}
sys.stdout.buffer.write(cloudpickle.dumps(calls))
"""

RECEIVER: Final = """
import json, pickle, sys
calls = pickle.load(sys.stdin.buffer)
from ace_tracing.testing import capture_traces
results = {}
for name, call in calls.items():
    with capture_traces() as traces:
        result = call(1) if name == "instance" else call()
    spans = [span for one in traces for span in one.data.spans]
    results[name] = [result, *([span.name, span.inputs, span.outputs] for span in spans)]
    if name == "plain":
        settings = spans[0]
results["settings"] = [settings.span_type, *map(settings.get_attribute, ("size", "seen", "gen_ai.agent.name"))]
print(json.dumps(results))
"""

# The result of each call, then name, inputs and outputs of its spans.
EXPECTED: Final[dict[str, Any]] = {
    "plain": [10, ["plain", {"a": 1, "b": 2, "c": 3, "d": 4}, 10]],
    "plain by name": [7, ["plain", {"a": 1, "b": 2, "c": 0, "d": 4}, 7]],
    "variadic": [[1, "x"], ["variadic", {"kwargs": {"x": 2}, "args": [1]}, [1, "x"]]],
    "coroutine": [10, ["coroutine", {"a": 1}, 10], ["plain", {"a": 1, "b": 2, "c": 3, "d": 4}, 10]],
    "generator": [[0, 1, 2], ["generator", {"count": 3}, [0, 1, 2]]],
    "async generator": [[0, 1, 2], ["agenerator", {"count": 3}, [0, 1, 2]]],
    "stream": [[0, 1, 2], ["stream", {"count": 3}, 3]],
    "picked": [1, ["picked", {"picked": 1}, 2]],
    "selected": [1, ["selected", {"a": 1}, 1]],
    "block": [1, ["block", None, None]],
    "in block": [1, ["in_block", {"a": 1}, 1], ["in a block", None, None]],
    "recursive": [
        0,
        ["recursive", {"count": 2}, 0],
        ["recursive", {"count": 1}, 0],
        ["recursive", {"count": 0}, 0],
    ],
    "closure": [6, ["closure", {"a": 2}, 6]],
    "wrapped": [1, ["wrapped", {"a": 1}, 1]],
    "class": [2, ["make", {"name": "x"}, "<Agent object>"], ["run", {"a": 1}, 2], ["clean", {"a": 1}, 1]],
    "instance": [3, ["run", {"a": 1}, 3], ["clean", {"a": 1}, 1]],
    "coroutine method": [1, ["arun", {"a": 1}, 1]],
    "dataclass": [4, ["double", {}, 4]],
    "lambda": [5, ["<lambda>", {"a": 5}, 5]],
    "settings": ["TOOL", 3, 1, "helper"],
}


def run(program: str, stdin: bytes = b"", **environment: str) -> bytes:
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=stdin,
        capture_output=True,
        env={**os.environ, **environment},
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


@pytest.fixture(scope="module")
def sent() -> bytes:
    return run(SENDER)


@pytest.fixture(scope="module")
def received(sent: bytes) -> Any:
    return json.loads(run(RECEIVER, sent))


@pytest.mark.parametrize("name", EXPECTED)
def test_pickled_by_value_traces_where_it_arrives(name: str, received: Any) -> None:
    assert received[name] == EXPECTED[name]


def test_pickle_by_value_contains_no_configuration(sent: bytes) -> None:
    assert b"kb-secret" not in sent
    assert b"127.0.0.1" not in sent


def test_arrived_function_uses_the_receivers_environment(sent: bytes, kayba_server: LocalServer) -> None:
    program = """
import pickle, sys
calls = pickle.load(sys.stdin.buffer)
from ace_tracing import configure, shutdown
configure()
calls["plain"]()
assert shutdown(60)
"""
    run(program, sent, KAYBA_API_KEY="kb-test", KAYBA_API_URL=kayba_server.url)
    ace_tracing.configure(api_key="kb-test", base_url=kayba_server.url)
    try:
        (found,) = ace_tracing.search_traces()
    finally:
        ace_tracing.shutdown()
    assert [span.name for span in found.data.spans] == ["plain"]


def test_pickled_by_value_runs_where_nothing_is_configured(sent: bytes) -> None:
    run("import pickle, sys; assert pickle.load(sys.stdin.buffer)['plain']() == 10", sent)


@trace
def importable(a: int) -> int:
    return a


@trace
class Importable:
    def run(self, a: int) -> int:
        return a


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))])
def test_traced_function_of_a_module_is_copied_as_itself(duplicate: Any) -> None:
    assert duplicate(importable) is importable
    assert duplicate(Importable) is Importable
    with capture_traces() as traces:
        assert duplicate(Importable()).run(1) == 1
        assert duplicate(Importable().run)(2) == 2
    assert [one.info.name for one in traces] == ["run", "run"]


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy])
def test_copy_of_a_running_span_is_the_span_itself(duplicate: Any) -> None:
    with capture_traces(), start_span("running") as span:
        assert duplicate(span) is span
        assert duplicate([span])[0] is span
        assert duplicate({"span": start_span_no_context("manual", parent=span)})["span"].name == "manual"


def test_pickle_of_a_running_span_is_refused_with_advice() -> None:
    with (
        capture_traces(),
        start_span("running") as span,
        pytest.raises(TypeError, match=r"cannot be pickled.*inject"),
    ):
        pickle.dumps(span)
