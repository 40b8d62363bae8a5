"""A pytest plugin, loaded in both runs: counts how each test and its subtests ended, by test id, as one JSON object."""

from __future__ import annotations

import json
import os
from collections import Counter, defaultdict
from pathlib import Path

import pytest

_ended: defaultdict[str, Counter[str]] = defaultdict(Counter)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    # Set-up and tear-down count only when they did not pass: the call says how the test itself ended.
    if report.when == "call" or not report.passed:
        kind = "expected to fail, " if hasattr(report, "wasxfail") else ""
        _ended[report.nodeid][kind + report.outcome] += 1


def pytest_collectreport(report: pytest.CollectReport) -> None:
    if not report.passed:
        _ended[report.nodeid][f"not collected, {report.outcome}"] += 1


def pytest_unconfigure() -> None:
    Path(os.environ["TRANSPARENCY_OUTCOMES"]).write_text(json.dumps(_ended))
