"""An OpenAPI document prepared for comparison: its operations, and the direction of each named schema."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

Node = Mapping[str, Any]
Direction = Literal["request", "response"]

METHODS: Final = ("get", "put", "post", "patch", "delete")
SCHEMA_PREFIX: Final = "#/components/schemas/"


class Document:
    """A valid OpenAPI 3.1 document.

    Attributes:
        schemas: The named schemas.
        servers: The servers' URLs.
        operations: The operations by operationId.
        directions: Whether a named schema is used in requests, in responses or in both. An unused schema has no entry.
    """

    def __init__(self, content: Node) -> None:
        self._content = content
        self.schemas: Mapping[str, Node] = content.get("components", {}).get("schemas", {})
        self.servers = [server["url"] for server in content.get("servers", [])]
        self.operations = {operation.id: operation for operation in self._operations()}
        self.directions: defaultdict[str, set[Direction]] = defaultdict(set)
        for operation in self.operations.values():
            self._mark_schemas([*operation.parameters.values(), operation.body], "request")
            self._mark_schemas([*operation.responses.values()], "response")

    def resolve(self, node: Node) -> Node:
        """Return a node with its reference resolved."""
        while "$ref" in node:
            target: Any = self._content
            for key in node["$ref"].removeprefix("#/").split("/"):
                target = target[key.replace("~1", "/").replace("~0", "~")]
            node = target
        return node

    def _operations(self) -> Iterator[Operation]:
        for path, item in self._content["paths"].items():
            for method in METHODS:
                if method in item:
                    yield Operation(self, method.upper(), path, item[method], item.get("parameters", []))

    def _mark_schemas(self, nodes: list[Any], direction: Direction) -> None:
        while nodes:
            node = nodes.pop()
            if isinstance(node, list):
                nodes += node
            elif isinstance(node, Mapping):
                reference = node.get("$ref")
                if isinstance(reference, str) and reference.startswith(SCHEMA_PREFIX):
                    name = reference.removeprefix(SCHEMA_PREFIX)
                    if direction in self.directions[name]:
                        continue
                    self.directions[name].add(direction)
                # An example is data: a `$ref` in it is not a reference.
                nodes += [value for key, value in self.resolve(node).items() if key not in ("example", "examples")]


class Operation:
    """An operation, with all references except those to schemas resolved.

    Attributes:
        id: The operationId.
        route: The HTTP method and the path.
        node: The operation's object in the document.
        parameters: The parameters by place and name. The operation's own override those of its path.
        body: The request body; empty without one.
        responses: The responses by status.
    """

    def __init__(self, document: Document, method: str, path: str, node: Node, path_parameters: list[Node]) -> None:
        self.id: str = node.get("operationId", f"{method} {path}")
        self.route = f"{method} {path}"
        self.node = node
        parameters = map(document.resolve, [*path_parameters, *node.get("parameters", [])])
        self.parameters = {(parameter["in"], parameter["name"]): parameter for parameter in parameters}
        self.body = document.resolve(node.get("requestBody", {}))
        self.responses = {status: document.resolve(response) for status, response in node["responses"].items()}
