"""The contracts: valid OpenAPI that follows the project's rules."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from openapi_spec_validator import validate

import rules

Document = dict[str, Any]

OPENAPI = Path(__file__).parents[2] / "openapi"
CONTRACTS = ("kayba", "explore")
DOCUMENTS: dict[str, Document] = {
    name: yaml.safe_load((OPENAPI / f"{name}.yaml").read_text(encoding="utf-8")) for name in CONTRACTS
}
DOCUMENT = DOCUMENTS["kayba"]


def change(*path: str, to: Any = None) -> Callable[[Document], None]:
    """Return a function that sets the value at `path` in a document, or removes it."""

    def apply(document: Document) -> None:
        node: Any = document
        for key in path[:-1]:
            node = node[key]
        if to is None:
            del node[path[-1]]
        else:
            node[path[-1]] = to

    return apply


LIST = ("paths", "/traces", "get")
UPLOAD = ("paths", "/traces", "post")
SCHEMAS = ("components", "schemas")
VIOLATIONS: dict[rules.Rule, Callable[[Document], None]] = {
    rules.operation_ids_are_unique_and_camel_case: change(*LIST, "operationId", to="uploadTraceFiles"),
    rules.operations_have_one_known_tag: change(*LIST, "tags", to=["files"]),
    rules.operations_have_a_short_summary_and_a_description: change(*LIST, "description"),
    rules.operations_name_their_security: change(*LIST, "security"),
    rules.operations_document_every_error: change(*UPLOAD, "responses", "413"),
    rules.errors_are_shared_and_in_the_envelope_of_their_mount: change(
        *LIST, "responses", "401", "$ref", to="#/components/responses/TracingUnauthorized"
    ),
    rules.bodies_have_a_cap: change(*UPLOAD, "x-max-body-bytes"),
    rules.contents_have_an_example: change(*LIST, "responses", "200", "content", "application/json", "example"),
    rules.parameters_are_described_with_an_example: change("components", "parameters", "TraceFileId", "description"),
    rules.sent_data_is_bounded: change(*SCHEMAS, "NewTraceFile", "properties", "filename", "maxLength"),
    rules.schemas_are_described: change(*SCHEMAS, "TraceFile", "description"),
    rules.patterns_are_anchored_and_ascii: change(*SCHEMAS, "TraceId", "pattern", to=r"^tr-\d+$"),
    rules.the_generator_types_every_construct: change(*SCHEMAS, "Feedback", "properties", "value", to={"anyOf": [{}]}),
    rules.examples_match_their_schemas: change(
        *LIST, "responses", "200", "content", "application/json", "example", to={"traces": [{"id": "a"}]}
    ),
}


@pytest.mark.parametrize("contract", CONTRACTS)
def test_the_contract_is_valid_openapi(contract: str) -> None:
    validate(DOCUMENTS[contract])


@pytest.mark.parametrize("contract", CONTRACTS)
@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_the_contract_follows_the_rule(contract: str, rule: rules.Rule) -> None:
    assert list(rule(DOCUMENTS[contract])) == []


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_the_rule_finds_a_violation(rule: rules.Rule) -> None:
    broken = copy.deepcopy(DOCUMENT)
    VIOLATIONS[rule](broken)
    assert list(rule(broken)) != []
    assert any(line.startswith(f"{rule.__name__}: ") for line in rules.violations(broken))
