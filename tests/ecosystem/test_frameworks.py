"""Each framework's program, recorded by ace-tracing and by OpenTelemetry's SDK, as kayba-local stores it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from _pytest.mark import ParameterSet
from tests.ecosystem.conftest import RunProgram
from tests.helpers.ecosystem.checks import CHECKS
from tests.helpers.ecosystem.expectations import FRAMEWORKS, GAPS, MISSING, MODES, find_gaps
from tests.helpers.ecosystem.outcomes import expected_outcomes, format_table, split_page


def cells() -> Iterator[ParameterSet]:
    """Yield each cell of the table."""
    for framework in FRAMEWORKS:
        for mode in MODES:
            for check in CHECKS:
                if (framework, check) not in MISSING:
                    marks = pytest.mark.cell(framework, mode, check)
                    yield pytest.param(framework, mode, check, marks=marks, id=f"{framework}-{mode}-{check}")


@pytest.mark.parametrize(("framework", "mode", "check"), list(cells()))
def test_traces_match_the_requests(
    run: RunProgram, framework: str, mode: str, check: str, record_property: Callable[[str, object], None]
) -> None:
    program = run(framework, mode)
    problems = dict(CHECKS[check](program))
    wrong = {case for case, problem in problems.items() if problem}
    known = {case for gap in find_gaps(framework, mode, check) for case in gap.cases}
    record_property("wrong", sorted(wrong))
    details = [f"{problems[case]}\n{program.describe(case)}" for case in sorted(wrong - known)]
    assert not details, "\n\n".join(details)
    assert not known - wrong, "these gaps are closed: remove them from the expectations"


def test_every_known_gap_is_a_cell() -> None:
    for gap in GAPS:
        assert gap.framework in FRAMEWORKS
        assert gap.check in CHECKS
        assert set(gap.modes) <= set(MODES)
        assert (gap.framework, gap.check) not in MISSING


def test_the_documented_table_is_up_to_date(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("write_table"):
        pytest.skip("this run writes the table")
    # Each cell's test fails when its outcome is not the expected one, so this needs no run of all programs.
    assert split_page()[1] == format_table(expected_outcomes()), "run `hatch run ecosystem:table`"
