"""Comparison of contracts: single changes of the project's contract, and which of them are breaking."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from comparison.contracts import compare_contracts
from comparison.document import Document

CONTRACT: dict[str, Any] = yaml.safe_load(
    (Path(__file__).parents[3] / "openapi" / "kayba.yaml").read_text(encoding="utf-8")
)


def at(document: Any, *path: str) -> Any:
    for key in path:
        document = document[key]
    return document


def contract_changes(change: Callable[[Any], object]) -> list[tuple[str, bool]]:
    changed = copy.deepcopy(CONTRACT)
    change(changed)
    return [(str(found), found.breaking) for found in compare_contracts(Document(CONTRACT), Document(changed))]


LIST = ("paths", "/insights", "get")
UPLOAD = ("paths", "/traces", "post")
LIMIT = {"name": "limit", "in": "query", "schema": {"type": "integer"}}
OPERATIONS: list[tuple[Callable[[Any], object], str, bool]] = [
    (lambda d: d["servers"][0].update(url="/"), "server https://use.kayba.ai/api: changed to /", True),
    (
        lambda d: at(d, *LIST).update(operationId="readInsights"),
        "operation listInsights: renamed to readInsights",
        True,
    ),
    (
        lambda d: d["paths"].update({"/insight": d["paths"].pop("/insights")}),
        "operation listInsights: moved from GET /insights to GET /insight",
        True,
    ),
    (lambda d: at(d, *LIST).update(security=[]), "operation listInsights: security requirements changed", True),
    (lambda d: at(d, *LIST).update(tags=["jobs"]), "operation listInsights: tag changed", True),
    (lambda d: at(d, *LIST).update(deprecated=True), "operation listInsights: deprecated", False),
    (
        lambda d: at(d, *LIST)["parameters"].pop(),
        "operation listInsights: query parameter `section` removed",
        True,
    ),
    (
        lambda d: at(d, *LIST)["parameters"].append(LIMIT),
        "operation listInsights: optional query parameter `limit` added",
        False,
    ),
    (
        lambda d: at(d, *LIST)["parameters"].append({**LIMIT, "required": True}),
        "operation listInsights: required query parameter `limit` added",
        True,
    ),
    (
        lambda d: at(d, *LIST)["parameters"][1].update(required=True),
        "operation listInsights: query parameter `section` is now required",
        True,
    ),
    (
        lambda d: at(d, *LIST)["parameters"][1].update(explode=False),
        "operation listInsights: query parameter `section` serialization changed",
        True,
    ),
    (
        lambda d: at(d, *LIST)["parameters"][1]["schema"].update(maxLength=20),
        "operation listInsights: `section` maxLength changed from `200` to `20`",
        True,
    ),
    (lambda d: at(d, *UPLOAD).pop("requestBody"), "operation uploadTraceFiles: body removed", True),
    (
        lambda d: at(d, *UPLOAD)["requestBody"].update(required=False),
        "operation uploadTraceFiles: body is now optional",
        False,
    ),
    (
        lambda d: at(d, *LIST).update(requestBody={"required": True, "content": {}}),
        "operation listInsights: body is now required",
        True,
    ),
    (
        lambda d: at(d, *LIST).update(requestBody={"content": {}}),
        "operation listInsights: optional body added",
        False,
    ),
    (
        lambda d: at(d, *UPLOAD).update({"x-max-body-bytes": 10}),
        "operation uploadTraceFiles: body limit changed from 1000000 to 10 bytes",
        True,
    ),
    (
        lambda d: at(d, *UPLOAD).update({"x-max-body-bytes": 2_000_000}),
        "operation uploadTraceFiles: body limit changed from 1000000 to 2000000 bytes",
        False,
    ),
    (
        lambda d: at(d, *UPLOAD, "requestBody", "content").update({"text/csv": {}}),
        "operation uploadTraceFiles: body media type text/csv added",
        False,
    ),
    (
        lambda d: at(d, *LIST, "responses", "200", "content").update({"text/csv": {}}),
        "operation listInsights: response 200 media type text/csv added",
        True,
    ),
    (
        lambda d: at(d, *LIST, "responses", "200", "content").pop("application/json"),
        "operation listInsights: response 200 media type application/json removed",
        True,
    ),
    (lambda d: at(d, *LIST, "responses").pop("429"), "operation listInsights: response 429 removed", False),
    (
        lambda d: at(d, "paths", "/traces/{id}", "delete", "responses").pop("200"),
        "operation deleteTraceFile: response 200 removed",
        True,
    ),
    (
        lambda d: at(d, *LIST, "responses").update({"202": {"description": ""}}),
        "operation listInsights: response 202 added",
        True,
    ),
    (
        lambda d: at(d, *LIST, "responses").update({"410": {"description": ""}}),
        "operation listInsights: response 410 added",
        False,
    ),
    (
        lambda d: at(d, *LIST, "responses", "200").update(headers={"ETag": {}}),
        "operation listInsights: response 200 header ETag added",
        False,
    ),
    (
        lambda d: at(d, "components", "schemas").update(Unused={}),
        "model Unused: added",
        False,
    ),
    (
        lambda d: at(d, "components", "schemas", "InsightStatus", "enum").remove("new"),
        "model InsightStatus: value `new` removed",
        True,
    ),
    (
        lambda d: at(d, "components", "schemas", "TraceFile", "required").append("type"),
        "model TraceFile: field `type` is now required",
        False,
    ),
]


@pytest.mark.parametrize(("change", "text", "breaking"), OPERATIONS, ids=[row[1] for row in OPERATIONS])
def test_a_contract_change_is_reported(change: Callable[[Any], object], text: str, breaking: bool) -> None:
    assert contract_changes(change) == [(text, breaking)]


def test_a_removed_header_breaks_every_operation_with_it() -> None:
    found = contract_changes(lambda d: at(d, "components", "responses", "Unauthorized").pop("headers"))
    assert ("operation listInsights: response 401 header WWW-Authenticate removed", True) in found
    assert all(breaking for _, breaking in found)
