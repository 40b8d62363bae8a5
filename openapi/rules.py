"""Rules of the project for the contract, in addition to the OpenAPI specification.

Each rule yields one line for each violation. openapi/README.md gives the reasons.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final

import jsonschema_rs

Document = dict[str, Any]
Rule = Callable[[Document], Iterator[str]]

METHODS: Final = ("get", "put", "post", "patch", "delete")
COMMON_ERRORS: Final = {"401", "403", "429", "500", "501"}
"""Error statuses that every operation documents."""


def operations(document: Document) -> Iterator[tuple[str, str, Document]]:
    """Yield path, name and node of each operation."""
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                node = item[method]
                yield path, node.get("operationId") or f"{method} {path}", node


def resolve(document: Document, node: Document) -> Document:
    while "$ref" in node:
        target: Any = document
        for key in node["$ref"].removeprefix("#/").split("/"):
            target = target[key]
        node = target
    return node


def parameters(document: Document, path: str, operation: Document) -> list[Document]:
    nodes = [*document["paths"][path].get("parameters", []), *operation.get("parameters", [])]
    return [resolve(document, node) for node in nodes]


def contents(document: Document) -> Iterator[tuple[str, str, Document]]:
    """Yield place, media type and node of each request and response body."""
    for _, name, operation in operations(document):
        for media_type, media in resolve(document, operation.get("requestBody", {})).get("content", {}).items():
            yield f"{name} request", media_type, media
        for status, response in operation["responses"].items():
            for media_type, media in resolve(document, response).get("content", {}).items():
                yield f"{name} {status}", media_type, media


def sent_schemas(document: Document) -> Iterator[tuple[str, Document]]:
    """Yield place and schema of all data that a client sends."""
    pending: list[tuple[str, Document]] = []
    for path, name, operation in operations(document):
        pending += [(f"{name} {p['name']}", p["schema"]) for p in parameters(document, path, operation)]
        content = operation.get("requestBody", {}).get("content", {})
        pending += [(f"{name} {media_type}", media["schema"]) for media_type, media in content.items()]
    seen: set[int] = set()
    while pending:
        place, schema = pending.pop()
        schema = resolve(document, schema)
        if id(schema) in seen:
            continue
        seen.add(id(schema))
        yield place, schema
        pending += [(f"{place}.{name}", inner) for name, inner in schema.get("properties", {}).items()]
        pending += [(place, arm) for arm in schema.get("oneOf", [])]
        pending += [(f"{place}[]", schema[key]) for key in ("items", "additionalProperties") if key in schema]


def examples(document: Document) -> Iterator[tuple[str, Document, Any]]:
    """Yield place, schema and value of each example."""
    for place, media_type, media in contents(document):
        if "example" in media:
            yield f"{place} {media_type}", media["schema"], media["example"]
    for path, name, operation in operations(document):
        for parameter in parameters(document, path, operation):
            if "example" in parameter:
                yield f"{name} {parameter['name']}", parameter["schema"], parameter["example"]


def operation_ids_are_unique_and_camel_case(document: Document) -> Iterator[str]:
    names = Counter(operation.get("operationId", "") for _, _, operation in operations(document))
    yield from (name for name, count in names.items() if count > 1 or not re.fullmatch("[a-z]+([A-Z][a-z]+)+", name))


def operations_have_one_known_tag(document: Document) -> Iterator[str]:
    known = {tag["name"] for tag in document.get("tags", [])}
    for _, name, operation in operations(document):
        tags = operation.get("tags", [])
        if len(tags) != 1 or not known.issuperset(tags):
            yield name


def operations_have_a_short_summary_and_a_description(document: Document) -> Iterator[str]:
    for _, name, operation in operations(document):
        summary, description = operation.get("summary", ""), operation.get("description", "")
        if not 5 <= len(summary) <= 60 or summary.endswith(".") or not description.rstrip().endswith("."):
            yield name


def operations_name_their_security(document: Document) -> Iterator[str]:
    # The generated client and the server read it from the operation, not from the top level.
    yield from (name for _, name, op in operations(document) if op.get("security") != [{"bearerAuth": []}])


def operations_document_every_error(document: Document) -> Iterator[str]:
    for path, name, operation in operations(document):
        expected = set(COMMON_ERRORS)
        if "requestBody" in operation:
            expected |= {"400", "413", "415"}
        if places := {parameter["in"] for parameter in parameters(document, path, operation)}:
            expected |= {"400", "404"} if "path" in places and "/integrations/" not in path else {"400"}
        if missing := expected - operation["responses"].keys():
            yield f"{name}: {sorted(missing)}"


def errors_are_shared_and_in_the_envelope_of_their_mount(document: Document) -> Iterator[str]:
    for path, name, operation in operations(document):
        envelope = "TracingError" if path.startswith("/mlflow/") else "ApiError"
        for status, response in operation["responses"].items():
            if status >= "400":
                content = resolve(document, response).get("content", {})
                schema = content.get("application/json", {}).get("schema", {}).get("$ref", "")
                if "$ref" not in response or not schema.endswith(f"/{envelope}"):
                    yield f"{name} {status}"


def bodies_have_a_cap(document: Document) -> Iterator[str]:
    for _, name, operation in operations(document):
        if ("requestBody" in operation) != (operation.get("x-max-body-bytes", 0) > 0):
            yield name


def contents_have_an_example(document: Document) -> Iterator[str]:
    # Mock mode responds with the examples. Binary bodies have none, because an example is text.
    for place, media_type, media in contents(document):
        if "example" not in media and media["schema"].get("format") != "binary":
            yield f"{place} {media_type}"


def parameters_are_described_with_an_example(document: Document) -> Iterator[str]:
    for path, name, operation in operations(document):
        for parameter in parameters(document, path, operation):
            if "description" not in parameter or "example" not in parameter:
                yield f"{name} {parameter['name']}"


def sent_data_is_bounded(document: Document) -> Iterator[str]:
    for place, schema in sent_schemas(document):
        types = schema.get("type", ())
        types = [types] if isinstance(types, str) else types
        if "string" in types and not schema.keys() & {"maxLength", "pattern", "enum", "const"}:
            yield f"{place}: string"
        if "array" in types and "maxItems" not in schema:
            yield f"{place}: array"


def schemas_are_described(document: Document) -> Iterator[str]:
    yield from (name for name, schema in document["components"]["schemas"].items() if "description" not in schema)


def patterns_are_anchored_and_ascii(document: Document) -> Iterator[str]:
    # `\d` and `\w` match other characters in Python than in the server's regex engine.
    for place, schema in sent_schemas(document):
        pattern = schema.get("pattern", "^$")
        if not (pattern.startswith("^") and pattern.endswith("$")) or re.search(r"\\[dDwWsS]", pattern):
            yield f"{place}: {pattern}"


def the_generator_types_every_construct(document: Document) -> Iterator[str]:
    # openapi-python-client drops, mangles or ignores these constructs; openapi/README.md lists them.
    def walk(node: Any, place: str) -> Iterator[str]:
        if isinstance(node, dict):
            yield from (f"{place}: {key}" for key in node.keys() & {"anyOf", "discriminator", "const", "nullable"})
            if node.get("type") == "array" and "items" not in node:
                yield f"{place}: array without items"
            for key, value in node.items():
                if key not in ("example", "examples"):
                    yield from walk(value, f"{place}/{key}")

    yield from walk({key: document[key] for key in ("paths", "components")}, "")
    yield from (name for _, name, operation in operations(document) if "default" in operation["responses"])


def examples_match_their_schemas(document: Document) -> Iterator[str]:
    for place, schema, example in examples(document):
        whole = {**schema, "components": document["components"]}
        validator = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
        yield from (f"{place}: {error.message}" for error in validator.iter_errors(example))


RULES: Final[tuple[Rule, ...]] = (
    operation_ids_are_unique_and_camel_case,
    operations_have_one_known_tag,
    operations_have_a_short_summary_and_a_description,
    operations_name_their_security,
    operations_document_every_error,
    errors_are_shared_and_in_the_envelope_of_their_mount,
    bodies_have_a_cap,
    contents_have_an_example,
    parameters_are_described_with_an_example,
    sent_data_is_bounded,
    schemas_are_described,
    patterns_are_anchored_and_ascii,
    the_generator_types_every_construct,
    examples_match_their_schemas,
)


def violations(document: Document) -> list[str]:
    """Return all violations, each with the name of its rule.

    Args:
        document: A valid OpenAPI 3.1 document.
    """
    return [f"{rule.__name__}: {violation}" for rule in RULES for violation in rule(document)]
