"""An OpenAPI document as it is compared: its operations, and which way each named schema travels."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, Literal

Node = Mapping[str, Any]
Way = Literal["sent", "answered"]

METHODS = ("get", "put", "post", "patch", "delete")
SCHEMA = "#/components/schemas/"


class Document:
    """A valid OpenAPI 3.1 document.

    Attributes:
        schemas: The named schemas.
        operations: By operationId.
        ways: Whether clients send a named schema, are answered with it, or both; without an entry: neither.
    """

    def __init__(self, content: Node) -> None:
        self._content = content
        self.schemas: Mapping[str, Node] = content.get("components", {}).get("schemas", {})
        self.servers = [server["url"] for server in content.get("servers", [])]
        self.operations = {operation.id: operation for operation in self._operations()}
        self.ways: defaultdict[str, set[Way]] = defaultdict(set)
        for operation in self.operations.values():
            self._mark([*operation.parameters.values(), operation.body], "sent")
            self._mark([*operation.answers.values()], "answered")

    def follow(self, node: Node) -> Node:
        """The node itself, or what its reference leads to."""
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

    def _mark(self, nodes: list[Any], way: Way) -> None:
        while nodes:
            node = nodes.pop()
            if isinstance(node, list):
                nodes += node
            elif isinstance(node, Mapping):
                reference = node.get("$ref")
                if isinstance(reference, str) and reference.startswith(SCHEMA):
                    name = reference.removeprefix(SCHEMA)
                    if way in self.ways[name]:
                        continue
                    self.ways[name].add(way)
                # What an example says is no schema, whatever its keys are.
                nodes += [value for key, value in self.follow(node).items() if key not in ("example", "examples")]


class Operation:
    """An operation with every reference but those to schemas followed.

    Attributes:
        parameters: By place and name; the operation's own replace those of its path.
        body: The request's body; empty when it takes none.
        answers: By status.
    """

    def __init__(self, document: Document, method: str, path: str, node: Node, shared: list[Node]) -> None:
        self.id: str = node.get("operationId", f"{method} {path}")
        self.route = f"{method} {path}"
        self.node = node
        parameters = map(document.follow, [*shared, *node.get("parameters", [])])
        self.parameters = {(parameter["in"], parameter["name"]): parameter for parameter in parameters}
        self.body = document.follow(node.get("requestBody", {}))
        self.answers = {status: document.follow(answer) for status, answer in node["responses"].items()}
