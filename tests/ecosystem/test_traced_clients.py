"""Traced functions that return answers and streams of clients, alone and together with an instrumentor."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.ecosystem.runner.questions import ANSWER
from tests.helpers.ecosystem.runs import ECOSYSTEM, run_script

SCRIPTS = ECOSYSTEM / "scripts"


def text_of(outputs: Any) -> str:
    """Return the text of an answer of OpenAI's or Anthropic's wire."""
    if "choices" in outputs:
        return str(outputs["choices"][0]["message"]["content"])
    if "output" in outputs:
        return "".join(part["text"] for item in outputs["output"] for part in item["content"])
    return "".join(block["text"] for block in outputs["content"])


def test_answers_and_streams_of_litellm_have_their_facts(home: Path) -> None:
    run = run_script([SCRIPTS / "traced_litellm.py"], "litellm", home)
    spans = {trace.root.name: trace.root for trace in run.traces if trace.root is not None}
    exchanges = dict(zip(spans_in_order(run.traces), run.exchanges, strict=True))
    assert len(spans) == 8
    for name, span in spans.items():
        is_embedding = name == "embedding"
        assert span.span_type == ("EMBEDDING" if is_embedding else "CHAT_MODEL"), name
        assert is_embedding or text_of(span.outputs) == ANSWER, name
        usage = exchanges[name].usage
        assert usage is not None
        assert span.token_usage["input_tokens"] == usage.input_tokens, name
        assert is_embedding or span.token_usage["output_tokens"] == usage.output_tokens, name
        assert span.cost["total_cost"] > 0, name
        if not is_embedding and not name.startswith("response"):
            expected = "anthropic" if name.startswith("anthropic") else "openai"
            assert span.attributes["mlflow.llm.provider"] == expected, name


def spans_in_order(traces: list[Any]) -> list[str]:
    """Return the names of the roots, in the order of their calls."""
    return [trace.root.name for trace in sorted(traces, key=lambda trace: trace.root.start_time_ns)]


@pytest.mark.parametrize("client", ["openai", "anthropic"])
def test_tokens_count_once_beside_an_instrumentor(client: str, home: Path) -> None:
    run = run_script([SCRIPTS / "traced_and_instrumented.py", client], client, home)
    traces = sorted(run.traces, key=lambda trace: trace.root.start_time_ns if trace.root else 0)
    assert len(traces) == 2
    for trace, exchange in zip(traces, run.exchanges, strict=True):
        root, inner = trace.data.spans
        assert (root.name, root.span_type) == ("answer", "CHAT_MODEL")
        assert text_of(root.outputs) == ANSWER
        assert exchange.usage is not None
        for span in (root, inner):
            assert span.token_usage["input_tokens"] == exchange.usage.input_tokens
        assert trace.token_usage["input_tokens"] == exchange.usage.input_tokens
        assert trace.token_usage["output_tokens"] == exchange.usage.output_tokens
        assert trace.cost["total_cost"] == pytest.approx(root.cost["total_cost"])
