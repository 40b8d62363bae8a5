"""The API contracts as the server uses them: each operation of an OpenAPI document, with compiled validators.

The documents are generated copies of the repository's `openapi/kayba.yaml` and `openapi/explore.yaml`. This module
contains no path and no field of either.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Final, Literal

import jsonschema_rs
import orjson

Mount = Literal["rest", "tracing"]
"""One of the two parts of the API; each has its own error body."""
ParameterLocation = Literal["path", "query", "header"]

PARAMETER_LOCATIONS: Final[tuple[ParameterLocation, ...]] = ("path", "query", "header")
METHODS: Final = ("get", "put", "post", "delete", "patch")
TRACING_PREFIX: Final = "/mlflow/"
DEFAULT_MAX_BODY_BYTES: Final = 1_000_000
"""Limit of a body, compressed or not, for operations without `x-max-body-bytes`."""

_DOCUMENT_URI: Final = "urn:kayba:openapi"
_MISSING: Final = object()


@dataclass(frozen=True, slots=True)
class Parameter:
    """A path, query or header parameter.

    Attributes:
        types: The JSON types of its value.
        items: The JSON types of its elements, for an array.
    """

    name: str
    location: ParameterLocation
    required: bool
    types: frozenset[str]
    items: frozenset[str]
    explode: bool
    default: Any


@dataclass(frozen=True, slots=True)
class MediaType:
    """A media type of a request or response body.

    Attributes:
        validator: The validator of the content; None for text and binary content, which has no schema.
    """

    validator: jsonschema_rs.Validator | None
    example: Any = None
    has_example: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation: the data to route, validate and answer its requests.

    Attributes:
        path: The path template below the server URL, e.g. `/traces/{id}`.
        requires_key: Whether requests must carry the server's key, if the server has one.
        parameters: The parameters by location.
        parameter_validators: The validators by location; each validates an object of that location's parameters.
        bodies: The request bodies by media type; empty if the operation takes none.
        validates_items: Whether the handler checks the items of the body one by one, instead of the endpoint the whole.
        max_body_bytes: The limit of the body, both before and after decompression.
        responses: The responses by status, then by media type. A status without media types has no body.
        success_status: The lowest 2xx status.
    """

    id: str
    method: str
    path: str
    mount: Mount
    requires_key: bool
    parameters: Mapping[ParameterLocation, tuple[Parameter, ...]]
    parameter_validators: Mapping[ParameterLocation, jsonschema_rs.Validator]
    bodies: Mapping[str, MediaType]
    body_required: bool
    validates_items: bool
    max_body_bytes: int
    responses: Mapping[int, Mapping[str, MediaType]]
    success_status: int


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
        # An operation's parameter overrides the path's parameter of the same name and location.
        nodes = {(p["in"], p["name"]): p for p in map(self._follow, [*shared, *node.get("parameters", [])])}
        parameters = {location: self._read_parameters(location, nodes) for location in PARAMETER_LOCATIONS}
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
            requires_key=bool(node.get("security", self._document.get("security"))),
            parameters=parameters,
            parameter_validators={
                location: self._compile_parameters(location, nodes)
                for location, members in parameters.items()
                if members
            },
            bodies=self._read_content(body),
            body_required=body.get("required", False),
            validates_items=node.get("x-partial-success", False),
            max_body_bytes=node.get("x-max-body-bytes", body.get("x-max-body-bytes", DEFAULT_MAX_BODY_BYTES)),
            responses=responses,
            success_status=min(status for status in responses if 200 <= status < 300),
        )

    def _read_parameters(
        self, location: ParameterLocation, nodes: Mapping[tuple[str, str], Any]
    ) -> tuple[Parameter, ...]:
        return tuple(
            Parameter(
                name=name,
                location=location,
                required=node.get("required", False),
                types=self._types(node["schema"]),
                items=self._types(self._follow(node["schema"]).get("items", {})),
                explode=node.get("explode", location == "query"),
                default=self._follow(node["schema"]).get("default"),
            )
            for (found_in, name), node in nodes.items()
            if found_in == location
        )

    def _compile_parameters(
        self, location: ParameterLocation, nodes: Mapping[tuple[str, str], Any]
    ) -> jsonschema_rs.Validator:
        # Header names are case-insensitive; requests have them in lower case.
        members = {
            name.lower() if location == "header" else name: node
            for (found_in, name), node in nodes.items()
            if found_in == location
        }
        return self._compile(
            {
                "type": "object",
                "properties": {name: node["schema"] for name, node in members.items()},
                "required": [name for name, node in members.items() if node.get("required")],
            }
        )

    def _read_content(self, node: Mapping[str, Any]) -> dict[str, MediaType]:
        return {
            name.lower(): self._read_media_type(name, media_type)
            for name, media_type in node.get("content", {}).items()
        }

    def _read_media_type(self, name: str, node: Mapping[str, Any]) -> MediaType:
        schema = node.get("schema")
        validator = self._compile(schema) if is_json(name) and schema is not None else None
        example = self._example(node)
        return MediaType(validator) if example is _MISSING else MediaType(validator, example, has_example=True)

    def _example(self, node: Mapping[str, Any]) -> Any:
        if "example" in node:
            return node["example"]
        for named in node.get("examples", {}).values():
            return self._follow(named).get("value", _MISSING)
        schema = self._follow(node.get("schema", {}))
        return next(iter(schema.get("examples", [])), schema.get("example", _MISSING))

    def _compile(self, schema: Any) -> jsonschema_rs.Validator:
        # Masked, because the value may be a secret or megabytes long; messages must not repeat it.
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
    """Return the contract of the hosted service, as packaged with this version."""
    return read(files("kayba_local").joinpath("openapi.json"))


@cache
def load_explore() -> Contract:
    """Return the contract of the operations that only this server has, as packaged with this version."""
    return read(files("kayba_local").joinpath("explore.json"))


def read(file: Traversable) -> Contract:
    """Return the contract of a JSON file, for example of the output of `hatch run generate --output`."""
    return Contract(orjson.loads(file.read_bytes()))


def is_json(media_type: str) -> bool:
    """Return whether a media type's content is JSON."""
    return media_type == "application/json" or media_type.endswith("+json")


def _with_absolute_references(node: Any) -> Any:
    """Return a copy whose `#/…` references contain the document's URI, so each part can be compiled separately."""
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
