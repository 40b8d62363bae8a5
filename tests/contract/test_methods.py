"""Generated methods: a new operation becomes a method, and an invalid extension ends the generation."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
CONTRACT = yaml.safe_load((ROOT / "openapi" / "kayba.yaml").read_text(encoding="utf-8"))

PROBE = """
import inspect, json, sys
from kayba_api.resources import data_sets
given = vars(data_sets.DataSetsResource)
print(json.dumps({n: list(inspect.signature(f).parameters)[1:-3] for n, f in given.items() if inspect.isfunction(f)}))
"""


def generate(contract: dict[str, Any], folder: Path) -> subprocess.CompletedProcess[str]:
    path = folder / "changed.yaml"
    path.write_text(yaml.safe_dump(contract, allow_unicode=True), encoding="utf-8")
    command = [sys.executable, str(ROOT / "openapi" / "generate.py"), "--contract", str(path), "--output", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


def operation(like: dict[str, Any], name: str, **changed: Any) -> dict[str, Any]:
    return {**copy.deepcopy(like), "operationId": name, "tags": ["data-sets"], **changed}


def test_a_new_tag_is_a_resource_with_methods(tmp_path: Path) -> None:
    contract = copy.deepcopy(CONTRACT)
    contract["tags"].append({"name": "data-sets", "x-noun": "DataSet", "description": "Data sets."})
    paths = contract["paths"]
    contract["components"]["schemas"]["NewRow"] = {
        "description": "A row.",
        "type": "object",
        "required": ["class", "timeout"],
        "properties": {
            "id": {"type": "string", "description": "The row's id."},
            "class": {"type": "string", "description": "The class."},
            "timeout": {"type": "integer", "description": "The end of the row."},
            "list": {"type": "array", "items": {"type": "string"}, "description": "The elements."},
        },
    }
    body = {"required": True, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/NewRow"}}}}
    paths["/data-sets"] = {"get": operation(paths["/traces"]["get"], "listDataSets")}
    paths["/data-sets/{id}"] = {
        "parameters": paths["/traces/{id}"]["parameters"],
        "get": operation(paths["/traces/{id}"]["get"], "getDataSet"),
        "post": operation(paths["/traces/{id}"]["get"], "addRowToDataSet", requestBody=body),
    }
    done = generate(contract, tmp_path)
    assert done.returncode == 0, done.stderr
    shown = subprocess.run([sys.executable, "-c", PROBE], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert shown.returncode == 0, shown.stderr
    assert json.loads(shown.stdout) == {
        "list": [],
        "get": ["id"],
        # Names of options, keywords and path parameters do not collide.
        "add_row_to": ["id", "class_", "timeout_", "id_in_body", "list"],
    }


def wrong_items(contract: dict[str, Any]) -> None:
    contract["paths"]["/traces"]["get"]["x-paging"]["items"] = "files"


def items_that_are_not_a_list(contract: dict[str, Any]) -> None:
    contract["paths"]["/jobs/{id}"]["get"]["x-paging"] = {"items": "status"}


def token_without_next(contract: dict[str, Any]) -> None:
    del contract["paths"]["/mlflow/api/3.0/mlflow/traces/search"]["post"]["x-paging"]["next"]


def unknown_state(contract: dict[str, Any]) -> None:
    contract["paths"]["/jobs/{id}"]["get"]["x-wait"]["state"] = "progress"


def duplicate_method_name(contract: dict[str, Any]) -> None:
    contract["paths"]["/jobs/{id}"]["post"]["operationId"] = "waitJob"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (wrong_items, "listTraceFiles: property 'files' does not exist"),
        (items_that_are_not_a_list, "getJob: property 'status' is not a list"),
        (token_without_next, "searchTraces: x-paging needs"),
        (unknown_state, "getJob: property 'progress' does not exist"),
        (duplicate_method_name, "several operations of jobs have the same method name: wait"),
    ],
)
def test_an_invalid_extension_writes_no_client(
    tmp_path: Path, change: Callable[[dict[str, Any]], None], reason: str
) -> None:
    contract = copy.deepcopy(CONTRACT)
    change(contract)
    done = generate(contract, tmp_path)
    assert done.returncode != 0
    assert reason in done.stderr
    assert not (tmp_path / "kayba_api").exists()
