"""Compatibility: a breaking change requires a new version and an entry in the changelog."""

from __future__ import annotations

import pytest

from baseline import FRAGMENT, read_current, read_released
from comparison.change import Change, next_version, parse_version
from comparison.report import Api, Report, compare


@pytest.fixture(scope="module")
def current() -> Api:
    return read_current()


@pytest.fixture(scope="module")
def report(current: Api) -> Report:
    return compare(read_released(), current)


def is_allowed(report: Report, version: str) -> bool:
    """Return whether a version may contain these changes: it is high enough, or no change is breaking."""
    return not report.breaking or parse_version(version) >= parse_version(report.next_version)


def test_breaking_changes_have_raised_the_version(report: Report, current: Api) -> None:
    assert is_allowed(report, current.version), (
        f"{report}\n\nRaise the version in packages/kayba-api/pyproject.toml, or undo the breaking change. Before "
        f"{report.released} is published, run `hatch run release-api` instead."
    )


def test_the_changelog_fragment_matches_the_report(report: Report) -> None:
    fragment = FRAGMENT.read_text(encoding="utf-8") if FRAGMENT.exists() else ""
    assert fragment == report.fragment(), "run `hatch run regenerate`"


@pytest.mark.parametrize(
    ("breaking", "version", "expected"),
    [(False, "0.1.0", True), (True, "0.1.0", False), (True, "0.1.9", False), (True, "0.2.0", True)],
)
def test_a_breaking_change_without_new_version_is_found(breaking: bool, version: str, expected: bool) -> None:
    change = Change("model", "Job", "field `error` removed", breaking)
    report = Report("0.1.0", (change,), ())
    assert is_allowed(report, version) == expected
    assert next_version("0.1.0", report.changes) == report.next_version
    title = "Breaking" if breaking else "Compatible"
    assert f"#### {title}\n\n- model Job: field `error` removed.\n" in report.fragment()
