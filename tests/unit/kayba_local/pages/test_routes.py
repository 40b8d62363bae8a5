"""The pages: their content and its order, and escaping of hostile text."""

from __future__ import annotations

import json
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any, Final
from urllib.parse import urlencode

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kayba_local import serve
from kayba_local.otlp.spans import Span
from kayba_local.pages.formats import MAX_CHARACTERS, format_duration, format_fields, format_text, format_time
from kayba_local.pages.tree import build_tree

START: Final = 1_795_369_083_497_000_000
HOSTILE: Final = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "javascript:alert(1)",
    "![x](http://evil.example/x.png)",
    "</pre></details><script>",
    "{{ 7 * 7 }}{% raise %}",
]

Send = Callable[..., str]


@pytest.fixture
def send(http: httpx.Client) -> Send:
    """Return a function that sends a trace of the given spans, or of one span, and returns the path of its page."""
    number = iter(range(1, 1000))

    def send(*spans: dict[str, Any], tags: dict[str, str] | None = None) -> str:
        trace_id = f"{next(number):032x}"
        tag_attributes = [
            {"key": f"mlflow.traceTag.{key}", "value": {"stringValue": value}} for key, value in (tags or {}).items()
        ]
        root, *rest = spans or (span(1, "answer"),)
        root["attributes"] = [*root["attributes"], *tag_attributes]
        body = {"resourceSpans": [{"scopeSpans": [{"spans": [{**s, "traceId": trace_id} for s in (root, *rest)]}]}]}
        response = http.post("/api/mlflow/v1/traces", json=body, headers={"x-mlflow-experiment-id": "0"})
        assert response.status_code == 200, response.text
        return f"/trace/tr-{trace_id}"

    return send


def span(
    number: int, name: str, parent: int = 0, start: int = START, took: int = 1_500_000, **more: Any
) -> dict[str, Any]:
    attributes = [
        {"key": f"mlflow.span{key.capitalize()}", "value": {"stringValue": json.dumps(more.pop(key))}}
        for key in ("inputs", "outputs")
        if key in more
    ]
    return {
        "spanId": f"{number:016x}",
        "parentSpanId": f"{parent:016x}" if parent else "",
        "name": name,
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(start + took),
        "attributes": attributes + more.pop("attributes", []),
        **more,
    }


def test_the_list_without_traces_has_a_notice(http: httpx.Client) -> None:
    assert "No traces yet" in http.get("/").text


def test_the_list_shows_name_state_time_duration_and_spans(http: httpx.Client, send: Send) -> None:
    path = send(span(1, "answer", status={"code": 2}), span(2, "look", parent=1))
    page = Page(http.get("/").text)
    assert path in page.links
    assert page.shows("answer", "ERROR", "2026-11-22 17:38:03.497", "1.5 ms", "2")


def test_folders_filter_the_list(http: httpx.Client, send: Send) -> None:
    names = {"in a": {"kayba.folder": "a & b"}, "in c": {"kayba.folder": "c/d"}, "filed nowhere": {}}
    for name, tags in names.items():
        send(span(1, name), tags=tags)
    page = Page(http.get("/").text)
    assert page.shows("All traces", "3", "No folder", "1", "a & b", "1", "c/d", "1")
    assert {"/?folder=", "/?folder=a+%26+b", "/?folder=c%2Fd"} <= set(page.links)
    for link, name in [("/?folder=a+%26+b", "in a"), ("/?folder=c%2Fd", "in c"), ("/?folder=", "filed nowhere")]:
        listed = http.get(link).text
        assert [other for other in names if other in listed] == [name]
    assert "No traces yet" in http.get("/?folder=empty").text


def test_paging_shows_each_trace_once_while_others_arrive(http: httpx.Client, send: Send) -> None:
    sent = [send(tags={"kayba.folder": "f"}) for _ in range(120)]
    seen: list[str] = []
    link: str | None = "/?folder=f"
    while link is not None:
        page = Page(http.get(link).text)
        seen += [path for path in page.links if path.startswith("/trace/")]
        send(tags={"kayba.folder": "f"})
        link = next((target for target, label in zip(page.links, page.labels, strict=True) if label == "Older"), None)
    assert seen == list(reversed(sent))


def test_a_trace_shows_its_tree_inputs_outputs_and_attributes(http: httpx.Client, send: Send) -> None:
    path = send(
        span(
            1, "agent", inputs={"question": "How?", "limits": [1, 2]}, outputs="So.", attributes=[attribute("k", "v9")]
        ),
        span(2, "look", parent=1, start=START + 10),
        span(3, "deeper", parent=2, start=START + 20),
        span(4, "later", parent=1, start=START + 30),
        tags={"kayba.folder": "production", "team": "blue"},
    )
    html = http.get(path).text
    page = Page(html)
    assert [(depth, name) for depth, name in page.spans] == [(0, "agent"), (1, "look"), (2, "deeper"), (1, "later")]
    assert page.shows("production", "team", "blue", "Inputs", "question", "How?", "limits", "Outputs", "So.", "k", "v9")
    assert "[\n  1,\n  2\n]" in page.text


def test_an_exception_is_shown_with_its_traceback(http: httpx.Client, send: Send) -> None:
    exception = {"type": "KeyError", "message": "'order'", "stacktrace": "Traceback …\nKeyError: 'order'"}
    event = {
        "name": "exception",
        "attributes": [attribute(f"exception.{key}", value) for key, value in exception.items()],
    }
    path = send(span(1, "agent", status={"code": 2, "message": "failed"}, events=[event]))
    assert Page(http.get(path).text).shows("ERROR", *exception.values())


def test_a_status_message_without_an_exception_is_shown(http: httpx.Client, send: Send) -> None:
    path = send(span(1, "agent", status={"code": 2, "message": "gave up"}, events=[{"name": "retry"}]))
    assert Page(http.get(path).text).shows("gave up", "Event retry")


def test_the_type_of_an_error_without_a_message_is_shown(http: httpx.Client, send: Send) -> None:
    attributes = [attribute("error.type", "RateLimitError")]
    failed = Page(http.get(send(span(1, "agent", status={"code": 2}, attributes=attributes))).text)
    assert failed.shows("Failed", "RateLimitError")


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_text_is_escaped(http: httpx.Client, send: Send, hostile: str) -> None:
    event = {"name": "exception", "attributes": [attribute(f"exception.{key}", hostile) for key in ("type", "message")]}
    path = send(
        span(
            1,
            hostile,
            inputs={hostile: hostile},
            outputs=hostile,
            attributes=[attribute(hostile, hostile)],
            events=[event],
        ),
        tags={"kayba.folder": hostile, "t": hostile},
    )
    for link in ("/", path, f"/?{urlencode({'folder': hostile})}", "/trace/%3Cscript%3E"):
        page = Page(http.get(link).text)
        assert not {"script", "img", "iframe", "object", "form"} & page.elements
        assert not [name for name in page.attributes if name.startswith("on") or name in ("style", "src")]
        assert all(target.startswith("/") and not target.startswith("//") for target in page.links)
    assert page.elements
    assert hostile in Page(http.get(path).text).text


@pytest.mark.parametrize("path", ["/", "/trace/tr-nobody", "/static/kayba.css", "/?before=x"])
def test_every_page_forbids_scripts_and_sniffing(http: httpx.Client, path: str) -> None:
    response = http.get(path)
    assert response.headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'")
    assert response.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [("/trace/tr-nobody", 404, "tr-nobody"), ("/?before=x", 400, "before"), ("/?before=-1", 400, "before")],
)
def test_an_error_page_names_the_id_or_parameter(http: httpx.Client, path: str, status: int, text: str) -> None:
    response = http.get(path)
    assert (response.status_code, response.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert text in response.text


def test_the_pages_require_the_servers_key_as_the_password() -> None:
    with serve(api_key="kb-k€y") as server, httpx.Client(base_url=server.url) as http:
        for headers in ({}, {"Authorization": "Bearer kb-k"}, {"Authorization": "Basic !"}):
            response = http.get("/", headers=headers)
            assert response.status_code == 401
            assert response.headers["www-authenticate"].startswith("Basic ")
            assert http.get("/trace/x", headers=headers).status_code == 401
        assert http.get("/", auth=("anyone", "wrong")).status_code == 401
        assert http.get("/", auth=("anyone", "kb-k€y")).status_code == 200


def test_a_trace_of_2101_spans_shows_2000_and_a_notice(http: httpx.Client, send: Send) -> None:
    path = send(*[span(n, f"step {n}", parent=n - 1, start=START + n) for n in range(1, 2102)])
    page = Page(http.get(path).text)
    assert len(page.spans) == 2000
    assert page.shows("2101 spans", "101 more spans are not shown")


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=12, unique_by=lambda pair: pair[0]))
def test_every_span_is_in_the_tree_once_with_any_parent(pairs: list[tuple[int, int]]) -> None:
    spans = [make_span(number, parent) for number, parent in pairs]
    nodes = build_tree(spans)
    assert sorted(node.span.span_id for node in nodes) == sorted(span.span_id for span in spans)
    depths = {node.span.span_id: node.depth for node in nodes}
    for node in nodes:
        assert 0 <= node.left <= 100
        assert node.depth == 0 or depths[str(node.span.parent_id)] == node.depth - 1


@pytest.mark.parametrize(
    ("parents", "tree"),
    [
        ({1: 2, 2: 1}, [(1, 0), (2, 1)]),
        ({1: 1}, [(1, 0)]),
        # The first span is below the cycle of 2, 3 and 4, not in it.
        ({1: 3, 2: 4, 3: 2, 4: 3}, [(2, 0), (3, 1), (1, 2), (4, 2)]),
        ({1: 90, 2: 1, 3: 4, 4: 3, 5: 4}, [(1, 0), (2, 1), (3, 0), (4, 1), (5, 2)]),
    ],
)
def test_spans_whose_parents_form_a_cycle_are_in_the_tree(parents: dict[int, int], tree: list[tuple[int, int]]) -> None:
    nodes = build_tree([make_span(number, parent) for number, parent in parents.items()])
    assert [(int(node.span.span_id), node.depth) for node in nodes] == tree
    assert [node.circular for node in nodes] == [depth == 0 and parents[number] in parents for number, depth in tree]
    assert [node.detached for node in nodes] == [
        depth == 0 and parents[number] not in parents for number, depth in tree
    ]


def test_the_page_shows_a_cycle_of_parents(http: httpx.Client, send: Send) -> None:
    path = send(span(1, "first", parent=2), span(2, "second", parent=1, start=START + 5), span(3, "child", parent=2))
    page = Page(http.get(path).text)
    assert [name for _, name in page.spans] == ["first", "second", "child"]
    assert page.shows("first", "parents form a cycle", "second")
    assert not page.shows("parent missing")


def test_only_the_first_nodes_are_built(http: httpx.Client) -> None:
    spans = [make_span(number, number - 1) for number in range(2, 100)]
    assert [node.span for node in build_tree(spans, 5)] == spans[:5]


def make_span(number: int, parent: int) -> Span:
    return Span("0", str(number), str(parent), "n", START + number, START + number * 2, "OK", "", {}, (), ())


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (None, "running"),
        (0, "0 ns"),
        (850_000, "850 µs"),
        (12_300_000, "12.3 ms"),
        (1_240_000_000, "1.24 s"),
        (59_900_000_000, "59.9 s"),
        (123_000_000_000, "2 min 3 s"),
    ],
)
def test_a_duration_has_a_unit_and_three_digits(ns: int | None, text: str) -> None:
    assert format_duration(ns) == text


def test_a_time_is_in_utc_to_the_millisecond() -> None:
    assert format_time(START) == "2026-11-22 17:38:03.497"
    assert format_time(0) == "1970-01-01 00:00:00.000"
    assert format_time(2**63 - 1).startswith("2262-04-11")


def test_a_long_text_is_cut_with_a_notice() -> None:
    assert format_text("x" * MAX_CHARACTERS) == "x" * MAX_CHARACTERS
    assert format_text("x" * (MAX_CHARACTERS + 1234)).endswith("x\n… 1,234 more characters")


def test_an_object_is_shown_as_its_members() -> None:
    assert format_fields({"a": "é", "b": {"c": None}}) == [("a", "é"), ("b", '{\n  "c": null\n}')]
    assert format_fields("plain") == [("", "plain")]
    assert format_fields(None) == []


def attribute(key: str, value: str) -> dict[str, Any]:
    return {"key": key, "value": {"stringValue": value}}


class Page(HTMLParser):
    """A parsed page: its elements, attributes, links with labels, text, and spans by depth."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: list[str] = []
        self.links: list[str] = []
        self.labels: list[str] = []
        self.spans: list[tuple[int, str]] = []
        self.text = ""
        self._open = ""
        self._depth = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.elements.add(tag)
        self.attributes += given
        self._open = tag
        classes = given.get("class", "").split()
        if tag == "a":
            self.links.append(given["href"])
            self.labels.append("")
        if "span" in classes:
            self._depth = next(int(name.removeprefix("depth-")) for name in classes if name.startswith("depth-"))
        if "span-name" in classes:
            self._open = "span-name"

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._open == "a":
            self.labels[-1] += data
        if self._open == "span-name" and data.strip():
            self.spans.append((self._depth, data))
            self._open = ""

    def handle_endtag(self, tag: str) -> None:
        self._open = ""

    def shows(self, *texts: str) -> bool:
        """Return whether these texts are on the page, in this order."""
        position = 0
        for wanted in texts:
            found = self.text.find(wanted, position)
            if found < 0:
                return False
            position = found + len(wanted)
        return True
