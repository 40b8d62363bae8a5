"""Calls of the generated client, made of the contract's own examples."""

from __future__ import annotations

import importlib
import inspect
import re
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml

from kayba_api import models

Node = Mapping[str, Any]

CONTRACT = Path(__file__).parents[3] / "openapi" / "kayba.yaml"
DOCUMENT: Node = yaml.safe_load(CONTRACT.read_text(encoding="utf-8"))

LONGEST = 6
"""Members of the longest list among the contract's examples, or more."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call of an operation, and one way that the contract says it may end.

    Attributes:
        operation: the operationId.
        module: the generated module that calls it.
        arguments: what it is called with.
        status: the status that it may end with.
        gives: the type that the generated client makes of the answer; None for an answer without content.
    """

    operation: str
    module: ModuleType
    arguments: Mapping[str, Any]
    status: int
    gives: type | None

    def __str__(self) -> str:
        return f"{self.operation} {self.status}"


def calls() -> Iterator[Call]:
    """Every operation with every status that the contract documents."""
    for item in DOCUMENT["paths"].values():
        for node in item.values():
            if "operationId" in node:
                module = _module(node)
                arguments = _arguments(module, [*item.get("parameters", []), *node.get("parameters", [])], node)
                for status, answer in node["responses"].items():
                    gives = _gives(_follow(answer).get("content", {}))
                    yield Call(node["operationId"], module, arguments, int(status), gives)


def _module(node: Node) -> ModuleType:
    name = re.sub("([A-Z])", r"_\1", node["operationId"]).lower()
    return importlib.import_module(f"kayba_api.api.{node['tags'][0]}.{name}")


def _arguments(module: ModuleType, parameters: list[Node], node: Node) -> dict[str, Any]:
    names = inspect.signature(module.sync_detailed).parameters
    arguments = {}
    for parameter in map(_follow, parameters):
        name = re.sub("[^a-z0-9]", "_", parameter["name"].lower())
        assert name in names, f"{node['operationId']} has no argument {name}"
        arguments[name] = parameter["example"]
    if content := node.get("requestBody", {}).get("content"):
        arguments["body"] = _body(module, content)
    return arguments


def _body(module: ModuleType, content: Node) -> Any:
    """The example of the body, as its model."""
    hint = typing.get_type_hints(module.sync_detailed)["body"]
    (model,) = (arm for arm in typing.get_args(hint) or (hint,) if hasattr(arm, "from_dict"))
    return model.from_dict(content["application/json"]["example"])


def _gives(content: Node) -> type | None:
    """The type that the client gives for an answer."""
    if not content:
        return None
    schema = next(iter(content.values()))["schema"]
    if _follow(schema).get("type") == "string":
        return str
    found: type = getattr(models, schema["$ref"].rpartition("/")[2])
    return found


def _follow(node: Node) -> Node:
    while "$ref" in node:
        target: Any = DOCUMENT
        for key in node["$ref"].removeprefix("#/").split("/"):
            target = target[key]
        node = target
    return node


def with_short_lists(node: Any) -> Any:
    """A copy of the document in which no list is long, and no object is told how many members it may have.

    Prism fills what it makes up to the bounds: it does not get done with a million spans, and where an object has a
    bound it often makes more members than that, and then refuses its own answer.
    """
    if isinstance(node, dict):
        bounded = {key: with_short_lists(value) for key, value in node.items() if key != "maxProperties"}
        return {**bounded, "maxItems": LONGEST} if isinstance(node.get("maxItems"), int) else bounded
    return [with_short_lists(member) for member in node] if isinstance(node, list) else node
