"""The promise of a version: what breaks users of the released client does not go out under one that denies it."""

from __future__ import annotations

import pytest

from comparison.change import Change, next_version, numbers
from comparison.report import Api, Report, compare
from released import FRAGMENT, read_current, read_released


@pytest.fixture(scope="module")
def current() -> Api:
    return read_current()


@pytest.fixture(scope="module")
def report(current: Api) -> Report:
    return compare(read_released(), current)


def kept(report: Report, version: str) -> bool:
    """Whether a version may have these changes: it is high enough, or none of them breaks."""
    return not report.breaking or numbers(version) >= numbers(report.next_version)


def test_what_breaks_has_raised_the_version(report: Report, current: Api) -> None:
    assert kept(report, current.version), (
        f"{report}\n\nRaise the version in packages/kayba-api/pyproject.toml, or change what breaks. While "
        f"{report.released} is not published yet, nothing breaks anybody: run `hatch run release-api`."
    )


def test_the_changelog_tells_what_is_different(report: Report) -> None:
    told = FRAGMENT.read_text(encoding="utf-8") if FRAGMENT.exists() else ""
    assert told == report.fragment(), "run `hatch run regenerate`"


@pytest.mark.parametrize(
    ("breaking", "version", "expected"),
    [(False, "0.1.0", True), (True, "0.1.0", False), (True, "0.1.9", False), (True, "0.2.0", True)],
)
def test_a_version_that_breaks_its_promise_is_noticed(breaking: bool, version: str, expected: bool) -> None:
    change = Change("model", "Job", "lost the field `error`", breaking)
    report = Report("0.1.0", (change,), ())
    assert kept(report, version) == expected
    assert next_version("0.1.0", report.changes) == report.next_version
    title = "Breaking" if breaking else "Compatible"
    assert f"#### {title}\n\n- model Job lost the field `error`.\n" in report.fragment()
