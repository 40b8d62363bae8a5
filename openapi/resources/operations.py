"""Operations of the contract: descriptions, examples and extensions that the generator does not keep.

openapi/README.md lists the extensions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from openapi_python_client.strings import PythonIdentifier, pascal_case

Node = Mapping[str, Any]

METHODS: Final = ("get", "put", "post", "patch", "delete")


class ResourceError(Exception):
    """An operation cannot be rendered as a method. The message names the operation and the reason."""


@dataclass(frozen=True)
class ContractOperation:
    """An operation of the contract.

    Attributes:
        document: The whole contract.
        method: The HTTP method, in lower case.
        node: The operation's object in the contract.
        path_parameters: The parameters of the operation's path item.
    """

    document: Node
    method: str
    node: Node
    path_parameters: tuple[Node, ...]

    @property
    def idempotent(self) -> bool:
        """True if carrying out the same call twice has the same effect as once."""
        return bool(self.node.get("x-idempotent", self.method in ("get", "put", "delete")))

    def resolve(self, node: Node) -> Node:
        """Return a node with its reference resolved. Keys beside the `$ref` override those of its target."""
        while "$ref" in node:
            target: Any = self.document
            for key in node["$ref"].removeprefix("#/").split("/"):
                target = target[key]
            node = {**target, **{key: value for key, value in node.items() if key != "$ref"}}
        return node

    def description(self, node: Node) -> str:
        """Return a schema's description; for an array without one, the description of its items."""
        found = self.resolve(node)
        return found.get("description") or (self.description(found["items"]) if "items" in found else "")

    def parameter(self, name: str, place: str) -> Node:
        """Return a parameter by its name in the contract and its place (`path`, `query` or `header`).

        Raises:
            ResourceError: The operation has no such parameter.
        """
        for node in (*self.node.get("parameters", ()), *self.path_parameters):
            found = self.resolve(node)
            if (found["name"], found["in"]) == (name, place):
                return found
        raise ResourceError(f"{self.node['operationId']} has no {place} parameter {name!r}")

    def json_body(self) -> tuple[Node, Any]:
        """Return the schema and the example of the JSON body: an empty schema and None without one."""
        content = self.resolve(self.node.get("requestBody", {})).get("content", {})
        media = content.get("application/json", {})
        return self.resolve(media.get("schema", {})), media.get("example")

    def responses(self) -> dict[str, Node]:
        """Return the documented responses by status."""
        return {status: self.resolve(node) for status, node in self.node["responses"].items()}


def read_operations(document: Node) -> dict[str, ContractOperation]:
    """Return the operations of a contract by their names in the generated code.

    Raises:
        ResourceError: An operation has no operationId.
    """
    found = {}
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                node = item[method]
                if "operationId" not in node:
                    raise ResourceError(f"{method} {path} has no operationId")
                name = PythonIdentifier(node["operationId"], prefix="field_")
                found[str(name)] = ContractOperation(document, method, node, tuple(item.get("parameters", ())))
    return found


def read_nouns(document: Node) -> dict[str, str]:
    """Return the noun of each tag, e.g. `TraceFile`, by the tag's name in the generated code."""
    return {
        tag_identifier(tag["name"]): pascal_case(tag.get("x-noun", tag["name"].removesuffix("s")))
        for tag in document.get("tags", ())
    }


def tag_identifier(tag: str) -> str:
    """Return a tag's name in the generated code."""
    return str(PythonIdentifier(tag, prefix="tag"))
