"""`inject` and `continue_trace`: one trace across services, with valid, malformed and arbitrary headers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict

import ace_tracing
from ace_tracing import Trace, continue_trace, get_current_trace_id, inject, session, start_span
from ace_tracing.testing import capture_traces
from kayba_local import LocalServer

LastTrace = Callable[[], Trace]

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
SPAN_ID = "b7ad6b7169203331"
PARENT = f"00-{TRACE_ID}-{SPAN_ID}-01"


def start_span_below(headers: Any) -> tuple[str, str | None]:
    """Return the trace id and parent id of a span that continues these headers."""
    with capture_traces(), continue_trace(headers), start_span("served") as span:
        assert span.trace_id is not None
        return span.trace_id, span.parent_id


@pytest.mark.parametrize("mapping", [dict, httpx.Headers, CaseInsensitiveDict], ids=lambda kind: kind.__name__)
def test_inject_writes_the_running_span_into_any_mapping(mapping: type) -> None:
    headers = mapping({"Accept": "*/*", "Traceparent": "old", "Tracestate": "old=1"})
    with capture_traces(), start_span("calling") as span:
        assert inject(headers) is headers
        assert span.trace_id is not None
        expected = f"00-{span.trace_id.removeprefix('tr-')}-{span.span_id}-01"
    sent = {name.lower(): value for name, value in headers.items()}
    marker = f"kayba.trace={expected[3:35]}-01,kayba.experiment="
    assert sent == {"accept": "*/*", "traceparent": expected, "baggage": marker}


def test_inject_outside_of_a_span_changes_nothing() -> None:
    assert inject({"traceparent": "theirs"}) == {"traceparent": "theirs"}
    with capture_traces():
        assert inject({}) == {}


FORMS = {
    "mapping": {"traceparent": PARENT},
    "any case": {"TraceParent": PARENT},
    "httpx": httpx.Headers({"Traceparent": PARENT}),
    "pairs of text": [("Accept", "*/*"), ("Traceparent", PARENT)],
    "pairs of bytes": [(b"traceparent", PARENT.encode())],
    "WSGI environ": {"REQUEST_METHOD": "GET", "HTTP_TRACEPARENT": PARENT, "TRACEPARENT": "of the server's process"},
    "environment": {"TRACEPARENT": PARENT},
    "white space": {"traceparent": f" {PARENT}\t"},
    "a later version": {"traceparent": f"42-{TRACE_ID}-{SPAN_ID}-01-more"},
}


@pytest.mark.parametrize("headers", FORMS.values(), ids=FORMS)
def test_continue_trace_reads_every_form_of_headers(headers: Any) -> None:
    assert start_span_below(headers) == (f"tr-{TRACE_ID}", SPAN_ID)


MALFORMED = [
    "",
    "00",
    PARENT.upper(),
    PARENT + "-more",
    f"ff-{TRACE_ID}-{SPAN_ID}-01",
    f"00-{'0' * 32}-{SPAN_ID}-01",
    f"00-{TRACE_ID}-{'0' * 16}-01",
    f"00-{TRACE_ID[1:]}-{SPAN_ID}-01",
    f"00-{TRACE_ID}-{SPAN_ID}-0",
    f"42-{TRACE_ID}-{SPAN_ID}-01more",
    f"{PARENT},{PARENT}",
    f"{PARENT}\n",
]


@pytest.mark.parametrize("text", MALFORMED)
def test_a_malformed_traceparent_is_ignored(text: str) -> None:
    trace_id, parent_id = start_span_below({"traceparent": text})
    assert (trace_id != f"tr-{TRACE_ID}", parent_id) == (True, None)


def test_two_traceparents_are_ignored() -> None:
    assert start_span_below([("traceparent", PARENT), ("Traceparent", PARENT)])[1] is None


def test_without_a_traceparent_a_request_inside_a_span_is_a_new_trace() -> None:
    with capture_traces(), start_span("serving") as outer, continue_trace({}), start_span("request") as span:
        assert (span.trace_id != outer.trace_id, span.parent_id) == (True, None)


def test_the_current_span_is_restored_after_the_block() -> None:
    with capture_traces(), start_span("outer") as outer:
        with continue_trace({"traceparent": PARENT}):
            assert get_current_trace_id() == f"tr-{TRACE_ID}"
        assert get_current_trace_id() == outer.trace_id


def test_an_unsampled_trace_of_this_sdk_is_not_recorded() -> None:
    received = {"traceparent": PARENT[:-2] + "00", "baggage": f"kayba.trace={TRACE_ID}-00"}
    with capture_traces() as traces, continue_trace(received), start_span("served"):
        assert inject({})["traceparent"].endswith("-00")
    assert not list(traces)


def test_a_sampled_traceparent_is_kept_at_any_sample_rate(tracing: LocalServer) -> None:
    ace_tracing.configure(api_key="kb-test", base_url=tracing.url, sample_rate=0.0, keep_errors=False)
    with continue_trace({"traceparent": PARENT}), start_span("kept"):
        pass
    with start_span("dropped"):
        assert inject({})["traceparent"].endswith("-00")
    assert ace_tracing.flush().delivered == 1


def test_tracestate_and_foreign_baggage_are_forwarded() -> None:
    received = {
        "traceparent": PARENT,
        "tracestate": "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE",
        "baggage": "region=eu;ttl=5, session.id=s%20%C3%A9%2C1,user.id=u-1,malformed,flag=",
    }
    with capture_traces(), continue_trace(received), start_span("served"):
        sent = inject({"Baggage": "mine=1,session.id=stale"})
    assert sent["tracestate"] == received["tracestate"]
    assert sent["baggage"].split(",") == [
        f"kayba.trace={TRACE_ID}-01",
        "kayba.experiment=",
        "session.id=s%20%C3%A9%2C1",
        "user.id=u-1",
        "mine=1",
        "region=eu;ttl=5",
        "flag=",
    ]


def test_baggage_contains_session_and_user() -> None:
    with capture_traces(), session("s, é", user_id="u=1"), start_span("calling"):
        members = inject({})["baggage"].split(",")
    assert members[2:] == [f"session.id={quote('s, é')}", f"user.id={quote('u=1')}"]


def test_long_baggage_is_cut_between_members_and_keeps_the_session() -> None:
    with capture_traces(), session("mine"), start_span("calling"):
        members = inject({"baggage": ",".join(f"k{number}={'x' * 500}" for number in range(100))})["baggage"].split(",")
    assert members[2] == "session.id=mine"
    assert 10 < len(members) <= 64
    assert {len(member) for member in members[3:]} <= {503, 504}


def test_a_received_header_with_a_line_break_is_not_forwarded() -> None:
    received = {"traceparent": PARENT, "tracestate": "a=1\r\nx-evil: 1", "baggage": "a=1\r\nx-evil: 1,b=2"}
    with capture_traces(), continue_trace(received), start_span("served"):
        sent = inject({})
    assert "tracestate" not in sent
    assert sent["baggage"].split(",")[2:] == ["b=2"]


known = st.sampled_from(["traceparent", "tracestate", "baggage", "HTTP_TRACEPARENT", "REQUEST_METHOD"])
names = st.one_of(known, st.text(), st.binary(), st.none(), st.integers())
anything = st.one_of(names, st.lists(st.text()))


@given(st.one_of(st.dictionaries(names, anything), st.lists(st.tuples(names, anything))))
def test_arbitrary_headers_do_not_raise(headers: Any) -> None:
    with capture_traces(), continue_trace(headers), start_span("served"):
        inject({})


@given(st.text(), st.text(), st.text())
def test_arbitrary_header_values_do_not_break_sent_headers(traceparent: str, tracestate: str, baggage: str) -> None:
    received = {"traceparent": traceparent, "tracestate": tracestate, "baggage": baggage}
    with capture_traces(), continue_trace(received), start_span("served"):
        sent = inject({"baggage": baggage, "tracestate": tracestate})
    assert all(value.isascii() and value.isprintable() for value in sent.values())


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=250), st.text(min_size=1, max_size=250))
def test_continue_trace_reads_the_headers_of_inject(session_id: str, user_id: str) -> None:
    with capture_traces(), session(session_id, user_id=user_id), start_span("calling") as calling:
        sent = inject({})
        with continue_trace(sent), start_span("served") as served:
            assert (served.trace_id, served.parent_id) == (calling.trace_id, calling.span_id)
            assert inject({})["baggage"] == sent["baggage"]


def test_two_services_make_one_tree_on_the_server(last_trace: LastTrace) -> None:
    with start_span("calling"):
        headers = inject({})
        with continue_trace(headers), start_span("served"), start_span("step"):
            pass
    assert [(depth, span.name) for depth, span in last_trace().walk()] == [(0, "calling"), (1, "served"), (2, "step")]
