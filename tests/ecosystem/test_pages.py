"""The pages in docs/frameworks: their programs print the shown output, and their traces have every request."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.helpers.ecosystem.environments import ROOT
from tests.helpers.ecosystem.expectations import FRAMEWORKS
from tests.helpers.ecosystem.runs import MODEL_TYPES, run_script

PAGES = ROOT / "docs" / "frameworks"
PROGRAM = re.compile(r'^```{\.python}\n--8<-- "(examples/frameworks/\w+\.py)"\n```\n\n```text\n(.*?)^```$', re.M | re.S)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_the_program_of_a_page_prints_the_shown_output(framework: str, home: Path) -> None:
    ((program, output),) = PROGRAM.findall((PAGES / f"{framework}.md").read_text(encoding="utf-8"))
    run = run_script([ROOT / program], framework, home)
    assert run.output.strip() == output.strip(), run.log
    (trace,) = run.traces
    # LlamaIndex's instrumentation gives the type of a model to the preparation of a request, too.
    spans = [span for span in trace.data.spans if span.span_type in MODEL_TYPES and "_prepare" not in span.name]
    assert len(spans) == len(run.exchanges) > 0
    reported = [exchange.usage for exchange in run.exchanges if exchange.usage]
    usage = trace.token_usage
    assert usage.get("input_tokens", 0) == sum(usage.input_tokens for usage in reported)
    assert usage.get("output_tokens", 0) == sum(usage.output_tokens for usage in reported)
    assert not [span.name for span in trace.data.spans if span.failed or span.end_time_ns is None]


def test_every_framework_has_a_page_in_the_site() -> None:
    site = re.findall(r"frameworks/([\w-]+)\.md", (ROOT / "zensical.toml").read_text(encoding="utf-8"))
    index = re.findall(r"\]\(([\w-]+)\.md\)", (PAGES / "index.md").read_text(encoding="utf-8"))
    pages = {path.stem for path in PAGES.glob("*.md")}
    assert pages == {"index", *FRAMEWORKS} == set(site) == {"index", *index}
