"""The contract as the server uses it: every operation of the OpenAPI document, with compiled validators.

The document is a generated copy of the repository's ``openapi/kayba.yaml``; nothing here knows a path or a field.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Literal

import jsonschema_rs
import orjson

Mount = Literal["rest", "tracing"]
Place = Literal["path", "query", "header"]

PLACES: tuple[Place, ...] = ("path", "query", "header")
METHODS = ("get", "put", "post", "delete", "patch")
TRACING_PREFIX = "/mlflow/"
DEFAULT_BODY_CAP = 1_000_000
"""Bytes of a body, compressed or not, where the contract names no cap of its own (``x-max-body-bytes``)."""

_DOCUMENT_URI = "urn:kayba:openapi"
_MISSING = object()


@dataclass(frozen=True, slots=True)
class Parameter:
    """A path, query or header parameter; ``types`` are the JSON types it may have, ``items`` those of its elements."""

    name: str
    place: Place
    required: bool
    types: frozenset[str]
    items: frozenset[str]
    explode: bool
    default: Any


@dataclass(frozen=True, slots=True)
class Media:
    """One media type of a body. ``validator`` is None where the contract leaves the content open (text, binary)."""

    validator: jsonschema_rs.Validator | None
    example: Any = None
    has_example: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: everything needed to route, check and answer it.

    Attributes:
        path: Template below the server URL, e.g. ``/traces/{id}``.
        secured: Whether a key is asked for where the server has one.
        parameters: By place; each place has a validator over an object of its parameters.
        bodies: Request bodies by media type; empty when it takes none.
        max_body_bytes: Cap on the body, before and after decompression.
        responses: By status, then by media type; a status without media types answers without a body.
        success: The status of its success.
    """

    id: str
    method: str
    path: str
    mount: Mount
    secured: bool
    parameters: Mapping[Place, tuple[Parameter, ...]]
    parameter_validators: Mapping[Place, jsonschema_rs.Validator]
    bodies: Mapping[str, Media]
    body_required: bool
    max_body_bytes: int
    responses: Mapping[int, Mapping[str, Media]]
    success: int


class Contract:
    """The operations of an OpenAPI 3.1 document."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = _with_absolute_references(document)
        registry = jsonschema_rs.Registry([(_DOCUMENT_URI, self._document)], draft=jsonschema_rs.Draft202012)
        self._registry = registry
        self.operations: Mapping[str, Operation] = {operation.id: operation for operation in self._read_operations()}

    def _read_operations(self) -> Iterator[Operation]:
        for path, item in self._document["paths"].items():
            for method in METHODS:
                if method in item:
                    shared = item.get("parameters", [])
                    yield self._read_operation(method, path, item[method], shared)

    def _read_operation(self, method: str, path: str, node: Mapping[str, Any], shared: list[Any]) -> Operation:
        # An operation's own parameter replaces the path's of the same name and place.
        nodes = {(p["in"], p["name"]): p for p in map(self._follow, [*shared, *node.get("parameters", [])])}
        parameters = {place: self._read_parameters(place, nodes) for place in PLACES}
        body = self._follow(node.get("requestBody", {}))
        responses = {
            int(status): self._read_content(self._follow(response))
            for status, response in node["responses"].items()
            if status.isdigit()
        }
        return Operation(
            id=node["operationId"],
            method=method.upper(),
            path=path,
            mount="tracing" if path.startswith(TRACING_PREFIX) else "rest",
            secured=bool(node.get("security", self._document.get("security"))),
            parameters=parameters,
            parameter_validators={
                place: self._compile_parameters(place, nodes) for place, members in parameters.items() if members
            },
            bodies=self._read_content(body),
            body_required=body.get("required", False),
            max_body_bytes=node.get("x-max-body-bytes", body.get("x-max-body-bytes", DEFAULT_BODY_CAP)),
            responses=responses,
            success=min(status for status in responses if 200 <= status < 300),
        )

    def _read_parameters(self, place: Place, nodes: Mapping[tuple[str, str], Any]) -> tuple[Parameter, ...]:
        return tuple(
            Parameter(
                name=name,
                place=place,
                required=node.get("required", False),
                types=self._types(node["schema"]),
                items=self._types(self._follow(node["schema"]).get("items", {})),
                explode=node.get("explode", place == "query"),
                default=self._follow(node["schema"]).get("default"),
            )
            for (where, name), node in nodes.items()
            if where == place
        )

    def _compile_parameters(self, place: Place, nodes: Mapping[tuple[str, str], Any]) -> jsonschema_rs.Validator:
        # Header names have no case; requests are looked at in lower case.
        members = {
            name.lower() if place == "header" else name: node for (where, name), node in nodes.items() if where == place
        }
        return self._compile(
            {
                "type": "object",
                "properties": {name: node["schema"] for name, node in members.items()},
                "required": [name for name, node in members.items() if node.get("required")],
            }
        )

    def _read_content(self, node: Mapping[str, Any]) -> dict[str, Media]:
        return {
            media_type.lower(): self._read_media(media_type, m) for media_type, m in node.get("content", {}).items()
        }

    def _read_media(self, media_type: str, node: Mapping[str, Any]) -> Media:
        schema = node.get("schema")
        validator = self._compile(schema) if is_json(media_type) and schema is not None else None
        example = self._example(node)
        return Media(validator) if example is _MISSING else Media(validator, example, has_example=True)

    def _example(self, node: Mapping[str, Any]) -> Any:
        if "example" in node:
            return node["example"]
        for named in node.get("examples", {}).values():
            return self._follow(named).get("value", _MISSING)
        schema = self._follow(node.get("schema", {}))
        return next(iter(schema.get("examples", [])), schema.get("example", _MISSING))

    def _compile(self, schema: Any) -> jsonschema_rs.Validator:
        # Masked, so that no message repeats what was sent: it may be a secret, or megabytes.
        return jsonschema_rs.Draft202012Validator(
            schema, registry=self._registry, validate_formats=True, mask="value", offline=True
        )

    def _types(self, schema: Any) -> frozenset[str]:
        schema = self._follow(schema)
        named = schema.get("type", ())
        own = {named} if isinstance(named, str) else set(named)
        return frozenset(own.union(*(self._types(arm) for key in ("oneOf", "anyOf") for arm in schema.get(key, ()))))

    def _follow(self, node: Any) -> Any:
        while "$ref" in node:
            target: Any = self._document
            for key in node["$ref"].removeprefix(f"{_DOCUMENT_URI}#/").split("/"):
                target = target[key.replace("~1", "/").replace("~0", "~")]
            node = target
        return node


@cache
def load() -> Contract:
    """The contract that this package was built with."""
    return read(files("kayba_local").joinpath("openapi.json"))


def read(file: Traversable) -> Contract:
    """The contract in a file of JSON, such as ``hatch run generate --output`` writes beside the client."""
    return Contract(orjson.loads(file.read_bytes()))


def is_json(media_type: str) -> bool:
    """Whether a media type's content is JSON."""
    return media_type == "application/json" or media_type.endswith("+json")


def _with_absolute_references(node: Any) -> Any:
    """A copy in which ``#/…`` references name the document, so that any piece of it can be compiled by itself."""
    if isinstance(node, Mapping):
        return {
            key: f"{_DOCUMENT_URI}{value}"
            if key == "$ref" and isinstance(value, str) and value.startswith("#")
            else _with_absolute_references(value)
            for key, value in node.items()
        }
    if isinstance(node, list):
        return [_with_absolute_references(item) for item in node]
    return node
