"""Fixtures of the regeneration tests."""

from __future__ import annotations

import copy
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from tests.helpers.contract.exercises import EXERCISES

HERE = Path(__file__).parent
HELPERS = HERE.parents[1] / "helpers" / "contract"
OPENAPI = HERE.parents[2] / "openapi"


@pytest.fixture(scope="session")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """Return, by the exercise's name, a folder with the changed `kayba.yaml`, `kayba_api` and `openapi.json`."""
    contract = yaml.load((OPENAPI / "kayba.yaml").read_bytes(), yaml.CSafeLoader)
    folders = {}
    for exercise in EXERCISES:
        changed = copy.deepcopy(contract)
        exercise.change(changed)
        folders[str(exercise)] = folder = tmp_path_factory.mktemp(str(exercise))
        (folder / "kayba.yaml").write_text(yaml.safe_dump(changed, sort_keys=False), encoding="utf-8")
    paths = [str(folder) for folder in folders.values()]
    environment = {**os.environ, "PYTHONPATH": str(OPENAPI)}
    # Two processes, for two cores.
    running = [
        subprocess.Popen([sys.executable, str(HELPERS / "generate_folders.py"), *half], env=environment)
        for half in (paths[::2], paths[1::2])
    ]
    assert [process.wait(timeout=300) for process in running] == [0, 0]
    return folders
