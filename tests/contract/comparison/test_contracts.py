"""Which differences of a contract break: one change after the other, made to ours."""

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
    (lambda d: d["servers"][0].update(url="/"), "server https://use.kayba.ai/api is / now", True),
    (lambda d: at(d, *LIST).update(operationId="readInsights"), "operation listInsights renamed to readInsights", True),
    (
        lambda d: d["paths"].update({"/insight": d["paths"].pop("/insights")}),
        "operation listInsights is at GET /insight now, was at GET /insights",
        True,
    ),
    (lambda d: at(d, *LIST).update(security=[]), "operation listInsights asks for other credentials", True),
    (lambda d: at(d, *LIST).update(tags=["jobs"]), "operation listInsights has another tag", True),
    (lambda d: at(d, *LIST).update(deprecated=True), "operation listInsights is deprecated", False),
    (
        lambda d: at(d, *LIST)["parameters"].pop(),
        "operation listInsights lost the query parameter `section`",
        True,
    ),
    (
        lambda d: at(d, *LIST)["parameters"].append(LIMIT),
        "operation listInsights gained the optional query parameter `limit`",
        False,
    ),
    (
        lambda d: at(d, *LIST)["parameters"].append({**LIMIT, "required": True}),
        "operation listInsights gained the required query parameter `limit`",
        True,
    ),
    (
        lambda d: at(d, *LIST)["parameters"][1].update(required=True),
        "operation listInsights query parameter `section` is required now",
        True,
    ),
    (
        lambda d: at(d, *LIST)["parameters"][1].update(explode=False),
        "operation listInsights query parameter `section` is written in another way",
        True,
    ),
    (
        lambda d: at(d, *LIST)["parameters"][1]["schema"].update(maxLength=20),
        "operation listInsights `section` has maxLength `20` now, had `200`",
        True,
    ),
    (lambda d: at(d, *UPLOAD).pop("requestBody"), "operation uploadTraceFiles takes no body any more", True),
    (
        lambda d: at(d, *UPLOAD)["requestBody"].update(required=False),
        "operation uploadTraceFiles needs no body any more",
        False,
    ),
    (
        lambda d: at(d, *LIST).update(requestBody={"required": True, "content": {}}),
        "operation listInsights needs a body now",
        True,
    ),
    (
        lambda d: at(d, *LIST).update(requestBody={"content": {}}),
        "operation listInsights takes a body now",
        False,
    ),
    (
        lambda d: at(d, *UPLOAD).update({"x-max-body-bytes": 10}),
        "operation uploadTraceFiles takes at most 10 bytes now, took 1000000",
        True,
    ),
    (
        lambda d: at(d, *UPLOAD).update({"x-max-body-bytes": 2_000_000}),
        "operation uploadTraceFiles takes at most 2000000 bytes now, took 1000000",
        False,
    ),
    (
        lambda d: at(d, *UPLOAD, "requestBody", "content").update({"text/csv": {}}),
        "operation uploadTraceFiles body may be text/csv now",
        False,
    ),
    (
        lambda d: at(d, *LIST, "responses", "200", "content").update({"text/csv": {}}),
        "operation listInsights answer 200 may be text/csv now",
        True,
    ),
    (
        lambda d: at(d, *LIST, "responses", "200", "content").pop("application/json"),
        "operation listInsights answer 200 is never application/json any more",
        True,
    ),
    (lambda d: at(d, *LIST, "responses").pop("429"), "operation listInsights never answers 429 any more", False),
    (
        lambda d: at(d, "paths", "/traces/{id}", "delete", "responses").pop("200"),
        "operation deleteTraceFile never answers 200 any more",
        True,
    ),
    (
        lambda d: at(d, *LIST, "responses").update({"202": {"description": ""}}),
        "operation listInsights may answer 202 now",
        True,
    ),
    (
        lambda d: at(d, *LIST, "responses").update({"410": {"description": ""}}),
        "operation listInsights may answer 410 now",
        False,
    ),
    (
        lambda d: at(d, *LIST, "responses", "200").update(headers={"ETag": {}}),
        "operation listInsights answer 200 gained the header ETag",
        False,
    ),
    (
        lambda d: at(d, "components", "schemas").update(Unused={}),
        "model Unused added",
        False,
    ),
    (
        lambda d: at(d, "components", "schemas", "InsightStatus", "enum").remove("new"),
        "model InsightStatus lost the value `new`",
        True,
    ),
    (
        lambda d: at(d, "components", "schemas", "TraceFile", "required").append("type"),
        "model TraceFile has the field `type` required now",
        False,
    ),
]


@pytest.mark.parametrize(("change", "says", "breaking"), OPERATIONS, ids=[row[1] for row in OPERATIONS])
def test_a_contract_that_differs(change: Callable[[Any], object], says: str, breaking: bool) -> None:
    assert contract_changes(change) == [(says, breaking)]


def test_a_header_that_is_gone_breaks_every_operation_that_answered_with_it() -> None:
    found = contract_changes(lambda d: at(d, "components", "responses", "Unauthorized").pop("headers"))
    assert ("operation listInsights answer 401 lost the header WWW-Authenticate", True) in found
    assert all(breaking for _, breaking in found)
