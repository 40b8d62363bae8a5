"""What the contract says and the generator does not keep: descriptions, examples, extensions (see ../README.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from openapi_python_client.strings import PythonIdentifier, pascal_case

Node = Mapping[str, Any]

METHODS = ("get", "put", "post", "patch", "delete")


class FacadeError(Exception):
    """The contract cannot be rendered as methods; says where and why."""


@dataclass(frozen=True)
class Described:
    """An operation of the contract.

    Attributes:
        document: The whole contract.
        method: The HTTP method, in lower case.
        node: The operation.
        shared: Parameters of its path.
    """

    document: Node
    method: str
    node: Node
    shared: tuple[Node, ...]

    @property
    def idempotent(self) -> bool:
        """Whether carrying it out twice is the same as once."""
        return bool(self.node.get("x-idempotent", self.method in ("get", "put", "delete")))

    def follow(self, node: Node) -> Node:
        """The node itself, or what it refers to; what stands beside the reference goes before."""
        while "$ref" in node:
            target: Any = self.document
            for key in node["$ref"].removeprefix("#/").split("/"):
                target = target[key]
            node = {**target, **{key: value for key, value in node.items() if key != "$ref"}}
        return node

    def text(self, node: Node) -> str:
        """What the contract says of a schema; of a list that has no words of its own, what it says of its items."""
        found = self.follow(node)
        return found.get("description") or (self.text(found["items"]) if "items" in found else "")

    def parameter(self, name: str, place: str) -> Node:
        """A parameter by its name in the contract and where it goes."""
        for node in (*self.node.get("parameters", ()), *self.shared):
            found = self.follow(node)
            if (found["name"], found["in"]) == (name, place):
                return found
        raise FacadeError(f"{self.node['operationId']} has no {place} parameter {name!r}")

    def body(self) -> tuple[Node, Any]:
        """Schema and example of the JSON body; both empty without one."""
        content = self.follow(self.node.get("requestBody", {})).get("content", {})
        media = content.get("application/json", {})
        return self.follow(media.get("schema", {})), media.get("example")

    def responses(self) -> dict[str, Node]:
        """What it may answer, by status."""
        return {status: self.follow(node) for status, node in self.node["responses"].items()}


def operations(document: Node) -> dict[str, Described]:
    """The operations of a contract, each under the name that the generator gives it."""
    found = {}
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                node = item[method]
                if "operationId" not in node:
                    raise FacadeError(f"{method} {path} has no operationId")
                name = PythonIdentifier(node["operationId"], prefix="field_")
                found[str(name)] = Described(document, method, node, tuple(item.get("parameters", ())))
    return found


def nouns(document: Node) -> dict[str, str]:
    """What the operations of each tag are about, under the name that the generator gives the tag."""
    return {
        identifier(tag["name"]): pascal_case(tag.get("x-noun", tag["name"].removesuffix("s")))
        for tag in document.get("tags", ())
    }


def identifier(tag: str) -> str:
    """The name that the generator gives a tag."""
    return str(PythonIdentifier(tag, prefix="tag"))
