"""The program's own global tracer provider, and several instrumentations of one library."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.helpers.ecosystem.checks import check_inputs, check_model_spans, check_tokens, check_tree
from tests.helpers.ecosystem.runs import ECOSYSTEM, MODEL_TYPES, run_program, run_script

SCRIPTS = ECOSYSTEM / "scripts"
PROGRAMS = ECOSYSTEM / "programs"


def test_the_global_provider_of_the_program_stays_the_same(home: Path) -> None:
    run = run_script([SCRIPTS / "own_global_provider.py", "own"], "openai", home)
    report = json.loads(run.output)
    assert report["same"] == [True, True]
    assert list(report["own_spans"]) == ["handler"]
    (trace,) = run.traces
    assert trace.info.trace_id == report["own_spans"]["handler"]
    # Two requests, and the second one came after `uninstrument`.
    assert len(run.exchanges) == 2
    assert [span.span_type in MODEL_TYPES for span in trace.data.spans] == [True]


def test_a_program_without_a_global_provider_gets_none(home: Path) -> None:
    run = run_script([SCRIPTS / "own_global_provider.py", "none"], "openai", home)
    report = json.loads(run.output)
    assert report == {"same": [True, True], "own_spans": {}}
    assert [[span.span_type in MODEL_TYPES for span in trace.data.spans] for trace in run.traces] == [[True]]


def test_one_family_of_several_records_each_request_once(home: Path) -> None:
    run = run_program(PROGRAMS / "openai.py", "families", "bridge", home, "openai")
    for check in (check_model_spans, check_tokens, check_tree, check_inputs):
        wrong = {case: problem for case, problem in check(run) if problem}
        assert not wrong, "\n".join(run.describe(case) for case in wrong)


def test_tokens_count_once_for_three_nested_families(home: Path) -> None:
    run = run_program(PROGRAMS / "openai.py", "families", "sdk", home, "openai")
    assert len(run.cases["chat"].model_spans) == 3, run.describe("chat")
    wrong = {case: problem for case, problem in check_tokens(run) if problem}
    assert not wrong, "\n".join(f"{problem}\n{run.describe(case)}" for case, problem in wrong.items())


@pytest.mark.parametrize("mode", ["bridge", "sdk"])
def test_tokens_count_once_for_a_framework_and_its_client(mode: str, home: Path) -> None:
    run = run_program(PROGRAMS / "langchain.py", "langchain", mode, home, "langchain", "openai")
    wrong = {case: problem for case, problem in check_tokens(run) if problem}
    assert not wrong, "\n".join(f"{problem}\n{run.describe(case)}" for case, problem in wrong.items())
