"""Wrong usage that a type checker must reject. Each comment names the errors of mypy. Never run."""
# pyright: strict

from __future__ import annotations

from ace.tracing import (
    configure,
    flush,
    get_trace,
    log_feedback,
    search_traces,
    set_folder,
    start_span,
    trace,
    update_current_trace,
)

configure("kb-key")  # error: call-arg
configure(api_kye="kb-key")  # error: call-arg
configure(api_key=1)  # error: arg-type
configure(sample_rate="half")  # error: arg-type
configure(remote_parent="sometimes")  # error: arg-type
set_folder(1)  # error: arg-type
set_folder()  # error: call-arg
flush("soon")  # error: arg-type
update_current_trace("name")  # error: call-arg
update_current_trace(tags={"a": 1})  # error: dict-item


@trace(nam="classify")  # error: call-overload, untyped-decorator
def misspelt(text: str) -> str:
    return text


@trace(span_type=3)  # error: call-overload, untyped-decorator
def mistyped(text: str) -> str:
    return text


@trace("classify")  # error: call-overload, untyped-decorator
def positional(text: str) -> str:
    return text


@trace
def classify(text: str) -> str:
    return text


@trace(span_type="LLM")
async def fetch(page: str) -> bytes:
    return page.encode()


classify(1)  # error: arg-type
classify()  # error: call-arg
classify("a", "b")  # error: call-arg
length: int = classify("a")  # error: assignment
content: bytes = fetch("a")  # error: assignment

with start_span(name=1) as span:  # error: arg-type
    span.set_input({"query": "a"})  # error: union-attr
    span.inputs = {"query": "a"}  # error: misc

start_span("a", kind="LLM")  # error: call-arg

found = get_trace("tr-" + "0" * 32)
get_trace(1)  # error: arg-type
search_traces(experiment_name="evaluation")  # error: call-arg
search_traces(max_results="10")  # error: arg-type
print(found.spans)  # error: attr-defined
print(found.root.label)  # error: attr-defined
search_traces(since="yesterday")  # error: arg-type
search_traces(timeout="5")  # error: arg-type
found.diff(found, ignore=5)  # error: arg-type
found.info.state = "OK"  # error: assignment, misc
log_feedback(found.trace_id, "correct", True, source="ROBOT")  # error: arg-type
