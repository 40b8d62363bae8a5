"""A call of the OpenAI client by a program with a global tracer provider of its own, before and after `instrument`."""

from __future__ import annotations

import json
import sys

from openai import OpenAI
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from questions import QUESTION

import ace_tracing

memory = InMemorySpanExporter()
own = TracerProvider()
own.add_span_processor(SimpleSpanProcessor(memory))
if sys.argv[1] == "own":
    trace.set_tracer_provider(own)
before = trace.get_tracer_provider()

ace_tracing.configure()
ace_tracing.instrument("openai")
is_same_while = trace.get_tracer_provider() is before
with trace.get_tracer("program").start_as_current_span("handler"):
    OpenAI().chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": QUESTION}])
ace_tracing.uninstrument()
is_same_after = trace.get_tracer_provider() is before
OpenAI().chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": QUESTION}])

finished = memory.get_finished_spans()
spans = {span.name: f"tr-{span.context.trace_id:032x}" for span in finished}
print(json.dumps({"same": [is_same_while, is_same_after], "own_spans": spans}))
