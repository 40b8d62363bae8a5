"""Other projects' own tests have the same outcomes when every function of the project is traced."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.helpers.transparency.foreign_projects import fetch, run, run_traced
from tests.helpers.transparency.foreign_suites import SUITES, Suite


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.distribution)
def test_a_foreign_suite_has_the_same_outcomes_when_traced(
    suite: Suite, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = fetch(suite, tmp_path)
    plain = run(suite, source)
    traced, recorded = run_traced(suite, source)

    tests, outcomes = len(plain), sum(sum(ended.values()) for ended in plain.values())
    with capsys.disabled():
        print(
            f"\n{suite.distribution} {suite.version}: {tests:,} tests, {outcomes:,} outcomes with subtests; traced "
            f"{recorded.functions:,} functions, {recorded.spans:,} spans, of which {recorded.failed:,} failed"
        )

    different = {test: (plain.get(test), traced.get(test)) for test in {**plain, **traced}}
    different = {test: both for test, both in different.items() if both[0] != both[1]}
    assert different == {test: ({"passed": 1}, {"failed": 1}) for test in suite.known_differences}
    assert recorded.log_messages == []
    # Both runs must contain tests, traced functions and spans.
    assert tests > 100
    assert recorded.functions > 300
    assert recorded.spans > 10 * tests
