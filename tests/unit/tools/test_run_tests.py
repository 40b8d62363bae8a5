"""The program behind `hatch run test`: which runs use several processes."""

from __future__ import annotations

import importlib.util

import pytest

from run_tests import ALONE, PARALLEL, runs_again, with_processes


@pytest.mark.parametrize("arguments", [[], ["-q"], ["--durations=20", "-x"]])
def test_a_run_of_all_tests_uses_several_processes(arguments: list[str]) -> None:
    assert with_processes(arguments) == [*PARALLEL, *arguments]


@pytest.mark.parametrize(
    "arguments", [["tests/unit"], ["-q", "tests/unit/tools"], ["-n", "0"], ["--collect-only", "-q"], ["--co"]]
)
def test_named_tests_and_a_given_number_of_processes_are_left_alone(arguments: list[str]) -> None:
    assert with_processes(arguments) == arguments


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [([], 1, True), ([], 0, False), ([], 2, False), (["-x"], 1, False), (["-q"], 1, False), (["tests/unit"], 1, False)],
)
def test_failed_tests_run_once_more_after_a_run_of_all(arguments: list[str], code: int, expected: bool) -> None:
    assert runs_again(arguments, code) is expected
    assert with_processes(ALONE) == list(ALONE)


def test_an_environment_without_the_plugin_runs_in_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert with_processes(["-q"]) == ["-q"]
