"""A pytest plugin of both runs: counts the outcomes of each test and its subtests, as a JSON object by test id."""

from __future__ import annotations

import json
import os
from collections import Counter, defaultdict
from pathlib import Path

import pytest

_outcomes: defaultdict[str, Counter[str]] = defaultdict(Counter)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    # Set-up and tear-down count only when they fail; the test's own outcome is in the call's report.
    if report.when == "call" or not report.passed:
        kind = "expected to fail, " if hasattr(report, "wasxfail") else ""
        _outcomes[report.nodeid][kind + report.outcome] += 1


def pytest_collectreport(report: pytest.CollectReport) -> None:
    if not report.passed:
        _outcomes[report.nodeid][f"not collected, {report.outcome}"] += 1


def pytest_unconfigure() -> None:
    Path(os.environ["TRANSPARENCY_OUTCOMES"]).write_text(json.dumps(_outcomes))
