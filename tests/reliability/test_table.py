"""Each of the 23 points has a test, and `docs/reliability.md` names it."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "reliability.md"
INTERRUPTS = HERE.parent / "unit" / "ace_tracing" / "decorator" / "test_interrupts.py"
POINTS = range(1, 24)


def test_page_names_the_tests_of_every_point() -> None:
    marked: defaultdict[int, set[str]] = defaultdict(set)
    for path in (*HERE.glob("test_*.py"), INTERRUPTS):
        points: list[int] = []
        for line in path.read_text(encoding="utf-8").splitlines():
            if found := re.match(r"@pytest\.mark\.point\((\d+)\)", line):
                points.append(int(found[1]))
            elif found := re.match(r"def (test_\w+)", line):
                for point in points:
                    marked[point].add(found[1])
                points.clear()
    rows = re.findall(r"^\| (\d+) \|(.*)\|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert [int(number) for number, _ in rows] == list(POINTS)
    assert {int(number): set(re.findall(r"`(test_\w+)`", row)) for number, row in rows} == marked
