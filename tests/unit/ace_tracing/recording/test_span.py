"""A span under unusual input: bad values, many threads, long names, large attributes."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator

import pytest
from tests.helpers.faulty_server import faulty_server

import ace_tracing
from ace_tracing import LiveSpan, search_traces, start_span
from ace_tracing.testing import capture_traces
from kayba_local import LocalServer


@pytest.fixture(autouse=True)
def _quiet_and_shut_down(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(ace_tracing.diagnostics, "loud", False)
    ace_tracing.diagnostics._last_warned.clear()
    yield
    ace_tracing.shutdown(timeout=0.1)


class RaisesAsText:
    def __str__(self) -> str:
        raise ValueError("no text")


def test_a_start_span_object_can_be_entered_several_times(tracing: LocalServer) -> None:
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


def test_the_mask_applies_to_attributes_of_links(tracing: LocalServer) -> None:
    ace_tracing.configure(api_key="kb-test", base_url=tracing.url, mask=lambda _: "masked")
    with start_span("step") as span:
        span.add_link("a" * 32, "b" * 16, {"key": "secret"})
    (found,) = search_traces()
    assert [link.attributes for link in found.data.spans[0].links] == [{"key": "masked"}]


def test_attributes_of_two_threads_are_both_kept() -> None:
    began, go_on = threading.Event(), threading.Event()

    def mask(value: object) -> object:
        if value == "slow":
            began.set()
            assert go_on.wait(120)
        return value

    with faulty_server() as server:
        ace_tracing.configure(api_key="kb-test", base_url=server.url, mask=mask)
        with start_span("step") as span:
            thread = threading.Thread(target=span.set_attribute, args=("slow", "slow"))
            thread.start()
            assert began.wait(120)
            span.set_attribute("fast", "fast")
            go_on.set()
            thread.join()
            assert span.attributes == {"slow": "slow", "fast": "fast"}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda span: span.set_attribute([], 1),
        lambda span: span.set_attribute(RaisesAsText(), 1),
        lambda span: span.set_status("ERROR", RaisesAsText()),
        lambda span: span.set_span_type(RaisesAsText()),
        lambda span: span.add_event(RaisesAsText()),
        lambda span: span.add_link(RaisesAsText(), "b" * 16),
    ],
)
def test_invalid_values_never_raise(spoil: Callable[[LiveSpan], None]) -> None:
    with capture_traces() as traces, start_span("step") as span:
        assert isinstance(span, LiveSpan)
        spoil(span)
        span.set_attribute("kept", 1)
    assert traces[0].data.spans[0].attributes["kept"] == 1


def test_first_events_and_links_of_several_threads_are_kept() -> None:
    began = threading.Barrier(4)

    def fill(span: LiveSpan) -> None:
        began.wait(120)
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
                    threads = [threading.Thread(target=fill, args=(span,)) for _ in range(4)]
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


def test_a_long_name_type_or_agent_is_cut() -> None:
    with capture_traces() as traces:
        with start_span("n" * 9_000_000, span_type="t" * 9_000_000, agent="a" * 9_000_000) as span:
            assert (len(str(span.name)), len(str(span.span_type)), len(str(span.agent))) == (1_000, 1_000, 1_000)
        with start_span("set") as span:
            span.set_span_type("t" * 9_000_000)
    assert [len(found.data.spans[0].span_type) for found in traces] == [1_000, 1_000]
    assert traces[0].data.spans[0].name == "n" * 1_000


def test_large_attributes_of_a_call_site_are_cut_and_noted() -> None:
    attributes = {f"a{number}": "x" * 250_000 for number in range(20)}
    with capture_traces() as traces, start_span("root", agent="me"), start_span("step", attributes=attributes):
        pass
    found = traces[0].data.spans[1].attributes
    kept = [key for key in found if key in attributes]
    assert kept == list(attributes)[:8]
    assert found["span.cut"] == "12 attributes: together they have more than 2097152 bytes"
