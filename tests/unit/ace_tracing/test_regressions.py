"""What has gone wrong once, and must not again: one trace's defect, or one handler's, is nobody else's loss."""

from __future__ import annotations

import contextvars
import inspect
import logging
import math
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager

import pytest
from tests.helpers.faulty_server import FakeResponse as Answer
from tests.helpers.faulty_server import faulty_server

import ace_tracing
from ace_tracing import Delivery, LiveSpan, folder, search_traces, start_span
from ace_tracing.delivery.dispatch import MAX_SPLITS
from ace_tracing.delivery.http.results import Blocked, Delivered, ExportResult, Rejected, Retryable
from ace_tracing.delivery.otlp.encoder import ExportRequest
from ace_tracing.delivery.spool.buffer import Buffer, MemoryStorage
from ace_tracing.delivery.worker import Worker
from ace_tracing.pipeline import MEMORY_BYTES
from ace_tracing.recording import sampling
from ace_tracing.recording.attributes import encode_attributes
from ace_tracing.recording.callsite import CallSite, call_site
from ace_tracing.recording.frames import ENDED_WITH_DETAILS, pack_end
from ace_tracing.recording.tracer import Tracer
from ace_tracing.testing import capture_traces
from kayba_local import LocalServer


@pytest.fixture(autouse=True)
def _afterwards(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
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


class Exporter:
    """Answers each request by its experiment."""

    def __init__(self, answer: Callable[[str | None], ExportResult]) -> None:
        self.answer = answer
        self.requests = 0

    def send(self, batch: ExportRequest) -> ExportResult:
        self.requests += 1
        batch.otlp()
        return self.answer(batch.experiment)

    def close(self) -> None:
        """Has no connections."""


def buffer() -> Buffer:
    storage = MemoryStorage(MEMORY_BYTES)
    return Buffer(storage, storage, lambda _: None)


def put(into: Buffer, experiment: str | None = None, outputs: bytes = b"null") -> None:
    """Finish a trace of one span."""
    span = Tracer(into, experiment).open(CallSite("step", "TOOL"), parent=None)
    span._finish(outputs)


def settled(exporter: Exporter, *traces: Callable[[Buffer], object]) -> Delivery:
    into = buffer()
    worker = Worker(exporter, into)
    for each in traces:
        each(into)
    return worker.close(timeout=10)


def test_a_record_that_cannot_be_read_is_lost_alone() -> None:
    def put_broken(into: Buffer) -> None:
        span = Tracer(into).open(CallSite("step", "TOOL"), parent=None)
        into.put(pack_end(ENDED_WITH_DETAILS, span._id, 1, 1) + b'{"outputs": ')

    assert settled(Exporter(lambda _: Delivered()), put, put_broken, put) == Delivery(delivered=2, dropped=1)


def test_a_trace_that_cannot_be_encoded_is_lost_alone() -> None:
    traces = [put, put, lambda into: put(into, outputs=b"no JSON"), put, lambda into: put(into, "other experiment")]
    assert settled(Exporter(lambda _: Delivered()), *traces) == Delivery(delivered=4, dropped=1)


def test_an_exporter_that_raises_loses_what_it_was_given_and_no_more() -> None:
    def answer(experiment: str | None) -> ExportResult:
        if experiment == "a":
            raise ValueError("not foreseen")
        return Delivered()

    traces = [lambda into, name=name: put(into, name) for name in "abc"]
    assert settled(Exporter(answer), *traces) == Delivery(delivered=2, dropped=1)


def test_a_service_that_refuses_everything_is_not_flooded() -> None:
    exporter = Exporter(lambda _: Rejected("HTTP 400", invalid_content=True))
    assert settled(exporter, *[put] * 1_000) == Delivery(dropped=1_000)
    assert exporter.requests <= 2 * MAX_SPLITS + 10


def test_a_refused_key_is_not_asked_about_again() -> None:
    exporter = Exporter(lambda _: Blocked("HTTP 401", "key"))
    assert settled(exporter, *[put] * 10) == Delivery(pending=10)
    assert exporter.requests <= 2


def test_what_a_service_refuses_in_one_trace_does_not_cost_its_neighbours() -> None:
    with faulty_server(Answer(400), Answer(200), Answer(400), Answer(200)) as server:
        ace_tracing.configure(api_key="kb-test", base_url=server.url)
        for name in ("one", "two", "three", "four"):
            with start_span(name):
                pass
        delivery = ace_tracing.flush(timeout=20)
    assert delivery.delivered + delivery.dropped == 4
    assert delivery.delivered >= 3


@pytest.mark.usefixtures("raising_handler")
def test_a_log_handler_that_raises_costs_no_trace() -> None:
    answers: list[ExportResult] = [Retryable("HTTP 503"), Delivered()]
    into = buffer()
    worker = Worker(Exporter(lambda _: answers.pop(0)), into)
    put(into)
    assert worker.flush(timeout=20) == Delivery(delivered=1)
    worker.close(timeout=5)


@pytest.mark.usefixtures("raising_handler")
def test_a_log_handler_that_raises_does_not_reach_the_user() -> None:
    ace_tracing.trace(3)  # type: ignore[call-overload]


def test_closing_while_sending_from_the_sending_thread_comes_back() -> None:
    found: list[Delivery] = []

    def answer(*_: object) -> ExportResult:
        found.append(worker.close(timeout=5))
        return Delivered()

    into = buffer()
    worker = Worker(Exporter(answer), into)
    put(into)
    assert worker.flush(timeout=10) == Delivery(delivered=1)
    assert found == [Delivery(pending=1)]


def test_a_wait_without_an_end_is_a_timeout_like_any_other() -> None:
    with faulty_server() as server:
        ace_tracing.configure(api_key="kb-test", base_url=server.url)
        with start_span("step"):
            pass
        assert ace_tracing.flush(timeout=math.inf) == Delivery(delivered=1)
        assert ace_tracing.shutdown(timeout=math.inf) == Delivery(delivered=1)


def test_a_date_that_no_calendar_has_is_no_reason_to_lose_traces() -> None:
    later = {"Retry-After": "Mon, 01 Jan 99999999999 00:00:00 GMT"}
    with faulty_server(Answer(503, headers=later), Answer(200)) as server:
        ace_tracing.configure(api_key="kb-test", base_url=server.url)
        with start_span("step"):
            pass
        assert ace_tracing.flush(timeout=20) == Delivery(delivered=1)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda span: span.add_link("not an id", "nor this"),
        lambda span: span.add_link("0" * 32, "0" * 16),
        lambda span: span.set_attribute("k" * 100_000, 1),
        lambda span: span.add_event("e" * 100_000, {"k" * 100_000: {"k" * 100_000: 1}}),
        lambda _: ace_tracing.update_current_trace(tags={"k" * 100_000: "v"}, metadata={"k" * 100_000: "v"}),
    ],
)
def test_what_a_server_would_refuse_is_not_sent(tracing: LocalServer, spoil: Callable[[LiveSpan], None]) -> None:
    with start_span("spoilt") as span:
        assert isinstance(span, LiveSpan)
        spoil(span)
    with start_span("neighbour"):
        pass
    assert ace_tracing.flush(timeout=20).dropped == 0
    assert {trace.data.spans[0].name for trace in search_traces()} >= {"spoilt", "neighbour"}


@pytest.mark.parametrize("scope", [lambda: ace_tracing.folder("x"), lambda: ace_tracing.session("x")])
def test_a_scope_may_be_left_in_another_context(scope: Callable[[], AbstractContextManager[None]]) -> None:
    def generator() -> Generator[None, None, None]:
        with scope():
            yield

    entered = generator()
    contextvars.copy_context().run(next, entered)
    entered.close()


def test_one_start_span_may_be_entered_again_and_again(tracing: LocalServer) -> None:
    step = start_span("step")
    with step as outer, step as inner:
        assert (inner.parent_id, ace_tracing.get_current_span()) == (outer.span_id, inner)
    ace_tracing.disable()
    try:
        with step as nothing:
            assert nothing.span_id is None
    finally:
        ace_tracing.enable()
    assert ace_tracing.get_current_trace_id() is None
    (found,) = search_traces()
    assert sorted(span.span_id for span in found.data.spans) == sorted([str(outer.span_id), str(inner.span_id)])


def test_a_mask_sees_the_attributes_of_a_link(tracing: LocalServer) -> None:
    ace_tracing.configure(api_key="kb-test", base_url=tracing.url, mask=lambda _: "masked")
    with start_span("step") as span:
        span.add_link("a" * 32, "b" * 16, {"key": "secret"})
    (found,) = search_traces()
    assert [link.attributes for link in found.data.spans[0].links] == [{"key": "masked"}]


def test_attributes_set_while_another_thread_encodes_its_own_stay() -> None:
    began, go_on = threading.Event(), threading.Event()

    def mask(value: object) -> object:
        if value == "slow":
            began.set()
            assert go_on.wait(10)
        return value

    with faulty_server() as server:
        ace_tracing.configure(api_key="kb-test", base_url=server.url, mask=mask)
        with start_span("step") as span:
            thread = threading.Thread(target=span.set_attribute, args=("slow", "slow"))
            thread.start()
            assert began.wait(10)
            span.set_attribute("fast", "fast")
            go_on.set()
            thread.join()
            assert span.attributes == {"slow": "slow", "fast": "fast"}


def test_a_service_that_hangs_does_not_take_the_time_of_another() -> None:
    with faulty_server(hang=True) as hung, faulty_server() as server:
        ace_tracing.configure(api_key="kb-test", base_url=hung.url)
        with start_span("never arrives"):
            pass
        ace_tracing.configure(api_key="kb-test", base_url=server.url)
        # The worker's thread runs, and what follows would wait for others to share its request.
        with start_span("first"):
            pass
        assert ace_tracing.flush(timeout=0.4) == Delivery(delivered=1, pending=1)


@pytest.mark.parametrize("seconds", ["5", -1.0, math.nan])
def test_a_duration_that_is_none_is_refused(seconds: float) -> None:
    with pytest.raises(ace_tracing.ConfigurationError, match="keep_slower_than"):
        ace_tracing.configure(api_key="kb-test", sample_rate=0.5, keep_slower_than=seconds)


def test_configuring_again_and_again_leaves_no_threads_behind(kayba_server: LocalServer) -> None:
    def ours() -> int:
        return sum(thread.name == "ace-tracing" for thread in threading.enumerate())

    for number in range(12):
        ace_tracing.configure(api_key=f"kb-{number}", base_url=kayba_server.url)
        with start_span("once"):
            pass
    assert ace_tracing.flush() == Delivery(delivered=12)
    deadline = time.monotonic() + 10
    while ours() > 1 and time.monotonic() < deadline:
        pass
    assert ours() == 1
    ace_tracing.shutdown()


def test_a_large_trace_that_the_rate_drops_is_kept_whole_when_it_fails(tracing: LocalServer) -> None:
    ace_tracing.configure(api_key="kb-test", base_url=tracing.url, sample_rate=0.0)
    with start_span("root") as root:
        for _ in range(1_500):
            with start_span("step"):
                pass
        root.set_status("ERROR", "late")
    (found,) = search_traces()
    assert len(found.data.spans) == 1_501


def test_a_folder_of_another_type_is_taken_as_its_text(tracing: LocalServer) -> None:
    with folder(5), start_span("filed"):  # type: ignore[arg-type]
        pass
    assert search_traces()[0].info.folder == "5"


class RaisesAsText:
    def __str__(self) -> str:
        raise ValueError("no text")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda span: span.set_token_usage(input_tokens=None, output_tokens=1),
        lambda span: span.set_cost(input_cost=None, output_cost=1.0),
        lambda span: span.set_attribute([], 1),
        lambda span: span.set_attribute(RaisesAsText(), 1),
        lambda span: span.set_status("ERROR", RaisesAsText()),
        lambda span: span.set_span_type(RaisesAsText()),
        lambda span: span.add_event(RaisesAsText()),
        lambda span: span.add_link(RaisesAsText(), "b" * 16),
    ],
)
def test_what_a_span_is_told_never_raises(spoil: Callable[[LiveSpan], None]) -> None:
    with capture_traces() as traces, start_span("step") as span:
        assert isinstance(span, LiveSpan)
        spoil(span)
        span.set_attribute("kept", 1)
    assert traces[0].data.spans[0].attributes["kept"] == 1


def test_first_events_and_links_from_many_threads_stay() -> None:
    began = threading.Barrier(4)

    def tell(span: LiveSpan) -> None:
        began.wait(10)
        span.add_event("first")
        span.add_link("a" * 32, "b" * 16)
        for number in range(20):
            span.set_attribute(f"{threading.get_ident()}.{number}", number)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with capture_traces() as traces:
            for _ in range(50):
                with start_span("step") as span:
                    assert isinstance(span, LiveSpan)
                    threads = [threading.Thread(target=tell, args=(span,)) for _ in range(4)]
                    for thread in threads:
                        thread.start()
                    for thread in threads:
                        thread.join()
    finally:
        sys.setswitchinterval(interval)
    spans = [found.data.spans[0] for found in traces]
    assert {(len(span.events), len(span.links)) for span in spans} == {(4, 4)}
    assert all(sum("." in key and key[0].isdigit() for key in span.attributes) == 80 for span in spans)


def test_the_links_of_a_span_are_bounded() -> None:
    with capture_traces() as traces:
        with start_span("many") as span:
            for _ in range(1_500):
                span.add_link("a" * 32, "b" * 16)
        with start_span("large") as span:
            for _ in range(300):
                span.add_link("a" * 32, "b" * 16, {"text": "x" * 40_000})
    many, large = (found.data.spans[0] for found in traces)
    assert len(many.links) == 1_000
    assert many.attributes["span.cut"] == "links: the span has more than 1000"
    assert 90 < len(large.links) < 110
    assert f"and {300 - len(large.links)} links" in large.attributes["span.cut"]


def test_a_function_that_says_other_parameters_than_it_has_is_called_as_before() -> None:
    def stated(*args: object, **kwargs: object) -> object:
        return args, kwargs

    parameter = inspect.Parameter("x", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    stated.__signature__ = inspect.Signature([parameter])  # type: ignore[attr-defined]
    traced = ace_tracing.trace(stated)
    assert traced(x=1) == ((), {"x": 1})
    with capture_traces() as traces:
        assert traced(x=1) == ((), {"x": 1})
    assert traces[0].data.spans[0].inputs == {"x": 1}


def test_annotations_of_what_is_not_defined_yet_are_not_evaluated() -> None:
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


def test_a_large_name_type_or_agent_is_cut() -> None:
    with capture_traces() as traces:
        with start_span("n" * 9_000_000, span_type="t" * 9_000_000, agent="a" * 9_000_000) as span:
            assert (len(str(span.name)), len(str(span.span_type)), len(str(span.agent))) == (1_000, 1_000, 1_000)
        with start_span("set") as span:
            span.set_span_type("t" * 9_000_000)
    assert [len(found.data.spans[0].span_type) for found in traces] == [1_000, 1_000]
    assert traces[0].data.spans[0].name == "n" * 1_000


def test_large_attributes_of_a_place_are_cut_with_a_mark() -> None:
    attributes = {f"a{number}": "x" * 250_000 for number in range(20)}
    with capture_traces() as traces, start_span("root", agent="me"), start_span("step", attributes=attributes):
        pass
    found = traces[0].data.spans[1].attributes
    kept = [key for key in found if key in attributes]
    assert kept == list(attributes)[:8]
    assert found["span.cut"] == "12 attributes: together they have more than 2097152 bytes"


def test_large_spans_that_were_sent_are_not_remembered() -> None:
    exporter = Exporter(lambda _: Delivered())
    into = buffer()
    worker = Worker(exporter, into)
    recording = Tracer(into)

    def send(number: int) -> None:
        attributes = encode_attributes({"text": f"{number}" + "x" * 100_000})
        agent = f"{number}" + "a" * 100_000
        root = recording.open(call_site("root", "TOOL", agent, attributes), parent=None)
        recording.open(call_site(f"{number}" + "n" * 100_000, "TOOL"), parent=root).end()
        root.end()
        assert worker.flush(10).delivered == number + 1

    send(0)
    tracemalloc.start()
    for number in range(1, 50):
        send(number)
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert worker.close(timeout=10).delivered == 50
    assert grown < 2_000_000


def test_what_is_held_of_a_trace_that_the_rate_drops_is_bounded(
    tracing: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampling, "MAX_HELD_BYTES", 100_000)
    ace_tracing.configure(api_key="kb-test", base_url=tracing.url, sample_rate=0.0)

    def step() -> None:
        with start_span("step") as span:
            span.set_outputs("x" * 10_000)

    with start_span("root") as root:
        with start_span("early") as early, start_span("inner"):
            step()
            tracemalloc.start()
            for _ in range(1_000):
                step()
            grown, _ = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            early.set_outputs("y" * 10_000)
            early.set_status("ERROR", "failed")
        root.set_outputs("z" * 10_000)
        root.set_status("ERROR", "late")
    assert grown < 1_000_000
    assert ace_tracing.flush(timeout=20) == Delivery(delivered=1)
    (found,) = search_traces()
    assert found.tree[0].span.outputs == "z" * 10_000
    by_name = {span.name: span for span in found.data.spans}
    assert by_name["early"].status.status_code == "ERROR"
    assert by_name["early"].outputs is None
    assert "more than 100000 bytes" in by_name["early"].attributes["span.cut"]
    assert by_name["inner"].outputs is None
    whole = [span for span in found.data.spans if span.name == "step"]
    assert 8 < len(whole) < 12
    assert all(span.outputs == "x" * 10_000 for span in whole)


def test_what_is_said_of_a_trace_is_bounded() -> None:
    with capture_traces() as traces:
        with start_span("large"):
            ace_tracing.update_current_trace(name="n" * 9_000_000, metadata={f"k{n}": "y" * 900_000 for n in range(12)})
            ace_tracing.update_current_trace(tags={"t": "y" * 9_000_000, "k" * 9_000_000: "v"})
        with start_span("many"):
            ace_tracing.update_current_trace(tags={f"k{n}": "v" for n in range(2_000)})
            ace_tracing.update_current_trace(tags={"k0": "w", "one more": "v"})
        with start_span("most"):
            ace_tracing.update_current_trace(metadata={f"k{n}": "\x01" * 10_000 for n in range(1_000)})
            ace_tracing.update_current_trace(tags={f"k{n}": "\x01" * 10_000 for n in range(1_000)})
    large, many, most = (found.info for found in traces)
    assert large.trace_metadata["k11"] == "y" * 10_000 + "<cut: 890000 more of 900000 characters>"
    assert large.tags["t"].endswith("<cut: 8990000 more of 9000000 characters>")
    assert large.tags["k" * 1_000] == "v"
    assert len([key for key in many.tags if key.startswith("k")]) == 1_000
    assert (many.tags["k0"], many.tags.get("one more")) == ("w", None)
    assert many.tags["trace.cut"] == "more than 1000 entries, or 524288 bytes"
    assert "trace.cut" in most.tags
    assert "trace.cut" in most.trace_metadata


def test_a_span_whose_start_found_no_room_has_no_end() -> None:
    class Full:
        finished = 0
        asleep = False

        def __init__(self) -> None:
            self.frames: list[bytes] = []

        def put(self, frame: bytes) -> bool:
            self.frames.append(frame)
            return len(self.frames) == 2

        def wake(self) -> None:
            """Has nobody to wake."""

    sink = Full()
    root = Tracer(sink).open(CallSite("root", "TOOL"), parent=None)
    step = Tracer(sink).open(CallSite("step", "TOOL"), parent=root)
    assert step.end_time_ns == step.start_time_ns
    step.end()
    root.end()
    assert [chr(frame[0]) for frame in sink.frames] == ["S", "S", "E"]
    assert sink.finished == 1
