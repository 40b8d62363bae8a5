"""Exercises: for each contract change, the report equals the recorded one and the new client works."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.helpers.contract.exercises import EXERCISES, Exercise

from baseline import read_current
from comparison.report import Api, compare

HERE = Path(__file__).parent
HELPERS = HERE.parents[1] / "helpers" / "contract"


@pytest.fixture(scope="module")
def before() -> Api:
    return read_current()


@pytest.mark.parametrize("exercise", EXERCISES, ids=str)
def test_the_report_equals_the_recorded_one(exercise: Exercise, before: Api, generated: Mapping[str, Path]) -> None:
    folder = generated[str(exercise)]
    report = compare(before, read_current(folder / "kayba.yaml", folder / "kayba_api"))
    assert f"{report}\n" == (HERE / f"{exercise}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("exercise", EXERCISES, ids=str)
def test_the_new_client_works_with_the_new_server(exercise: Exercise, generated: Mapping[str, Path]) -> None:
    folder = generated[str(exercise)]
    command = [sys.executable, str(HELPERS / "client_use.py"), str(folder), *exercise.uses]
    done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", timeout=300)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == (folder / "kayba.yaml").read_text(encoding="utf-8").count("operationId:")
