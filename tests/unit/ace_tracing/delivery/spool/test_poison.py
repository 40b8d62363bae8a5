"""Whatever stands in a spool, from a former version or a damaged disk, costs no other trace."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.helpers.faulty_server import FakeResponse, Request, faulty_server
from tests.unit.ace_tracing.delivery.spool.test_spool import copy_spool, make, trace

import ace_tracing
from ace_tracing import Delivery, start_span
from ace_tracing.delivery.assembler import Assembler
from ace_tracing.delivery.batches import group_by_experiment
from ace_tracing.delivery.http.results import Delivered, ExportResult
from ace_tracing.delivery.otlp.encoder import ExportRequest
from ace_tracing.delivery.spool.buffer import Buffer
from ace_tracing.delivery.spool.segments import SEGMENT_BYTES
from ace_tracing.delivery.spool.storage import MemoryStorage
from ace_tracing.delivery.worker import Worker
from ace_tracing.recording.callsite import CallSite
from ace_tracing.recording.frames import END_BYTES, ENDED_WITH_DETAILS, pack_end, pack_length
from ace_tracing.recording.tracer import Tracer
from kayba_local import LocalServer

Poison = Callable[[Tracer, Buffer], object]


@pytest.fixture(autouse=True)
def _quiet_and_shut_down(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(ace_tracing.diagnostics, "loud", False)
    yield
    ace_tracing.shutdown(timeout=0.1)


def context(encoded: bytes) -> Poison:
    """Return a function that records a trace with this context."""

    def record(tracer: Tracer, _: Buffer) -> None:
        tracer.context = pack_length(len(encoded)) + encoded
        trace(tracer, "poison", children=1).end()

    return record


def site(*fields: Any) -> Poison:
    """Return a function that records a trace with this call site."""

    def record(tracer: Tracer, _: Buffer) -> None:
        poison = CallSite("poison", "TOOL")
        encoded = orjson.dumps(fields)
        poison.packed = pack_length(len(encoded)) + encoded
        tracer.open(poison, parent=None).end()

    return record


def end(details: bytes, status: int = 1) -> Poison:
    """Return a function that records a trace with these details of its end."""

    def record(tracer: Tracer, buffer: Buffer) -> None:
        span = tracer.open(CallSite("poison", "TOOL"), parent=None)
        buffer.put(pack_end(ENDED_WITH_DETAILS, span._id, 1, status) + details)
        buffer.finished += 1

    return record


def frame(content: bytes) -> Poison:
    """Return a function that records a frame with this content."""
    return lambda _, buffer: buffer.put(content)


POISONS: dict[str, Poison] = {
    "experiment 7": context(b"[7,null,null]"),
    "experiment list": context(b'[["a"],null,null]'),
    "experiment object": context(b'[{"a":1},null,null]'),
    "experiment true": context(b"[true,null,null]"),
    "experiment float": context(b"[1.5,null,null]"),
    "experiment huge number": context(b"[1e400,null,null]"),
    "experiment null byte": context(b'["a\\u0000b",null,null]'),
    "experiment line break": context(b'["a\\nb",null,null]'),
    "experiment long": context(b'["' + b"x" * 100_000 + b'",null,null]'),
    "experiment blank": context(b'["  ",null,null]'),
    "folder number": context(b"[null,5,null]"),
    "folder list": context(b'[null,["a"],null]'),
    "folder long": context(b'[null,"' + b"x" * 100_000 + b'",null]'),
    "metadata list": context(b'[null,null,["a"]]'),
    "metadata numbers": context(b'[null,null,{"a":1,"b":{}}]'),
    "context no JSON": context(b"\xff\x00{"),
    "context empty": context(b""),
    "context number": context(b"5"),
    "context short": context(b"[null]"),
    "context long": context(b"[1,2,3,4,5]"),
    "name number": site(7, "TOOL", None, None, None),
    "name list": site(["a"], "TOOL", None, None, None),
    "type object": site("poison", {"a": 1}, None, None, None),
    "attributes list": site("poison", "TOOL", None, None, ["a"]),
    "attributes text": site("poison", "TOOL", 5, 6, "a"),
    "site short": site("poison"),
    "details number": end(b'{"details":5}'),
    "details types": end(b'{"details":[5,["a"],{"k":1}]}'),
    "details short": end(b'{"details":["name"]}'),
    "end list": end(b"[]"),
    "end no JSON": end(b'{"outputs": '),
    "outputs number": end(b'{"outputs":5,"inputs":[]}'),
    "events number": end(b'{"events":5,"links":6}'),
    "events types": end(b'{"events":[[1,"now",[]]],"links":[[1,2,3]]}'),
    "status unknown": end(b"{}", status=77),
    "frame empty": frame(b""),
    "frame zeros": frame(bytes(200)),
    "frame start cut": frame(b"S12345"),
    "frame start without context": frame(b"S" + b"\x01" * 24),
    "frame end cut": frame(b"E12345678"),
    "frame end unknown": frame(b"M" + b"\x07" * END_BYTES),
}


def poison_spool(home: Path, server: str, *poisons: Poison) -> None:
    """Leave the spool of a killed process: a good trace, the poison, and another good trace with a good experiment."""
    _, buffer = make(home.with_name("alive"), key="kb-test", address=server)
    trace(Tracer(buffer), "first").end()
    for poison in poisons:
        poison(Tracer(buffer), buffer)
    trace(Tracer(buffer, "runs"), "last").end()
    copy_spool(home.with_name("alive"), home)
    buffer.discard()


def names_on(server: LocalServer) -> set[str]:
    ace_tracing.configure(api_key="kb-test", base_url=server.url)
    found = ace_tracing.search_traces()
    with contextlib.suppress(ace_tracing.NotFoundError):
        found += ace_tracing.search_traces(experiment_names=["runs"])
    return {trace_.info.name or "" for trace_ in found}


@pytest.mark.parametrize(
    "poisons", [*([each] for each in POISONS.values()), [*POISONS.values()]], ids=[*POISONS, "all"]
)
def test_poison_of_an_ended_process_costs_no_other_trace(
    kayba_server: LocalServer,
    poisons: list[Poison],
    tmp_path: Path,
    wait_until: Callable[[Callable[[], bool]], None],
) -> None:
    poison_spool(tmp_path / "spool", kayba_server.url, *poisons)
    ace_tracing.configure(api_key="kb-test", base_url=kayba_server.url)
    with start_span("own"):
        pass
    assert ace_tracing.flush().delivered == 1
    wait_until(lambda: names_on(kayba_server) >= {"own", "first", "last"})
    wait_until(lambda: ace_tracing.shutdown().pending == 0)
    assert not [*(tmp_path / "spool").rglob("*.segment")]


class _Exporter:
    def __init__(self) -> None:
        self.names: list[str] = []

    def send(self, batch: ExportRequest) -> ExportResult:
        batch.otlp()
        self.names += [span.name for one in batch.traces for span in one.spans]
        return Delivered()

    def close(self) -> None:
        """Do nothing."""


@pytest.mark.parametrize("poison", POISONS.values(), ids=POISONS)
def test_poison_of_this_process_costs_no_other_trace(poison: Poison) -> None:
    memory = MemoryStorage(8 * SEGMENT_BYTES)
    buffer, exporter = Buffer(memory, memory, lambda _: None), _Exporter()
    worker = Worker(exporter, buffer)
    trace(Tracer(buffer), "first").end()
    poison(Tracer(buffer), buffer)
    trace(Tracer(buffer, "runs"), "last").end()
    assert worker.close(timeout=120).pending == 0
    assert {"first", "last"} <= set(exporter.names)


def test_many_traces_that_cannot_be_encoded_cost_no_other_trace() -> None:
    memory = MemoryStorage(8 * SEGMENT_BYTES)
    buffer, exporter = Buffer(memory, memory, lambda _: None), _Exporter()
    worker = Worker(exporter, buffer)
    for number in range(200):
        if number in range(50, 150):
            POISONS["type object"](Tracer(buffer), buffer)
        else:
            trace(Tracer(buffer), f"good {number}").end()
    assert worker.close(timeout=60) == Delivery(delivered=100, dropped=100)
    assert len(set(exporter.names)) == 100


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=3),
)
CONTEXTS = st.binary(max_size=60) | JSON_VALUES.map(json.dumps).map(str.encode)


@given(st.lists(CONTEXTS | st.lists(JSON_VALUES, min_size=3, max_size=3).map(json.dumps).map(str.encode), max_size=5))
def test_any_context_keeps_its_trace_and_its_neighbours(contexts: list[bytes]) -> None:
    frames: list[bytes] = []

    class Sink:
        finished = 0
        asleep = False

        def put(self, content: bytes) -> None:
            frames.append(content)

        def wake(self) -> None:
            """Do nothing."""

    for encoded in contexts:
        context(encoded)(Tracer(Sink()), None)  # type: ignore[arg-type]
    trace(Tracer(Sink()), "neighbour").end()
    ready = Assembler(lambda: None).take(enumerate(frames))
    assert len(ready) == len(contexts) + 1
    for batch in group_by_experiment(ready, 0):
        assert ExportRequest([one.trace for one in batch.assembled]).otlp()


DELETED = {"experiment_id": "7", "name": "gone", "artifact_location": "file:/7", "lifecycle_stage": "deleted"}


@pytest.mark.parametrize(
    "refusal", [FakeResponse(200, orjson.dumps({"experiment": DELETED})), FakeResponse(400)], ids=["deleted", "invalid"]
)
def test_recovered_traces_with_a_refused_experiment_are_filed_in_the_default_one(
    refusal: FakeResponse, tmp_path: Path, wait_until: Callable[[Callable[[], bool]], None]
) -> None:
    def refuse(request: Request) -> FakeResponse | None:
        return None if request.is_export else refusal

    with faulty_server() as server:
        server.rules.append(refuse)
        poison_spool(tmp_path / "spool", server.url, context(b'["gone",null,null]'))
        ace_tracing.configure(api_key="kb-test", base_url=server.url)
        wait_until(lambda: ace_tracing.tracing_status().recovered == 3)
        assert {headers["x-mlflow-experiment-id"] for _, path, headers, _ in server.requests if "traces" in path} == {
            "0"
        }


def test_a_recovered_trace_that_the_server_fails_on_does_not_delay_own_traces(tmp_path: Path) -> None:
    def fail_on_poison(request: Request) -> FakeResponse | None:
        return FakeResponse(500) if request.is_export and b"poison" in _unzip(request.body) else None

    with faulty_server() as server:
        server.rules.append(fail_on_poison)
        poison_spool(tmp_path / "spool", server.url, context(b"[null,null,null]"))
        ace_tracing.configure(api_key="kb-test", base_url=server.url)
        for _ in range(3):
            with start_span("own"):
                pass
            assert ace_tracing.flush(timeout=120).pending == 0
        assert ace_tracing.tracing_status().delivered == 3


def _unzip(body: bytes) -> bytes:
    return gzip.decompress(body)


@pytest.mark.skipif(os.name != "posix", reason="needs pipes in the file system")
@pytest.mark.parametrize("kind", ["pipe", "folder", "link", "text", "large name"])
def test_foreign_files_in_the_spool_cost_no_trace(
    kind: str, kayba_server: LocalServer, tmp_path: Path, wait_until: Callable[[Callable[[], bool]], None]
) -> None:
    home = tmp_path / "spool"
    poison_spool(home, kayba_server.url)
    for folder in [home, *(path for path in home.rglob("*") if path.is_dir())]:
        for name in ("9.segment", "other"):
            _make(kind, folder / name)
    wait_until(lambda: names_on(kayba_server) >= {"first", "last"})


def _make(kind: str, path: Path) -> None:
    match kind:
        case "pipe":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
        case "link":
            path.symlink_to(path)
        case "text":
            path.write_text("no segment")
        case _:
            path.with_name("x" * 240 + path.name).write_bytes(bytes(100))
