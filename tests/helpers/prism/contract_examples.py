"""Calls of the generated client, built from the contract's examples."""

from __future__ import annotations

import importlib
import inspect
import re
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import yaml

from kayba_api import models

Node = Mapping[str, Any]

CONTRACT: Final = Path(__file__).parents[3] / "openapi" / "kayba.yaml"
DOCUMENT: Final[Node] = yaml.safe_load(CONTRACT.read_text(encoding="utf-8"))

MAX_LIST_ITEMS: Final = 6
"""Limit for generated lists; no list in the contract's examples is longer."""


@dataclass(frozen=True, slots=True)
class ContractCall:
    """A call of an operation, with one of its documented responses.

    Attributes:
        operation: The operationId.
        module: The generated module of the operation.
        arguments: The arguments of the call.
        status: The status of the documented response.
        response_type: The type of the parsed response; None for a response without content.
    """

    operation: str
    module: ModuleType
    arguments: Mapping[str, Any]
    status: int
    response_type: type | None

    def __str__(self) -> str:
        return f"{self.operation} {self.status}"


def contract_calls() -> Iterator[ContractCall]:
    """Yield one call for each operation and each of its documented statuses."""
    for item in DOCUMENT["paths"].values():
        for node in item.values():
            if "operationId" in node:
                module = _module(node)
                arguments = _arguments(module, [*item.get("parameters", []), *node.get("parameters", [])], node)
                for status, response in node["responses"].items():
                    response_type = _response_type(_resolve(response).get("content", {}))
                    yield ContractCall(node["operationId"], module, arguments, int(status), response_type)


def _module(node: Node) -> ModuleType:
    name = re.sub("([A-Z])", r"_\1", node["operationId"]).lower()
    return importlib.import_module(f"kayba_api.api.{node['tags'][0]}.{name}")


def _arguments(module: ModuleType, parameters: list[Node], node: Node) -> dict[str, Any]:
    names = inspect.signature(module.sync_detailed).parameters
    arguments = {}
    for parameter in map(_resolve, parameters):
        name = re.sub("[^a-z0-9]", "_", parameter["name"].lower())
        assert name in names, f"{node['operationId']} has no argument {name}"
        arguments[name] = parameter["example"]
    if content := node.get("requestBody", {}).get("content"):
        arguments["body"] = _body(module, content)
    return arguments


def _body(module: ModuleType, content: Node) -> Any:
    """Return the example of the request body as an instance of its model."""
    hint = typing.get_type_hints(module.sync_detailed)["body"]
    (model,) = (arm for arm in typing.get_args(hint) or (hint,) if hasattr(arm, "from_dict"))
    return model.from_dict(content["application/json"]["example"])


def _response_type(content: Node) -> type | None:
    """Return the type of the client's parsed response."""
    if not content:
        return None
    schema = next(iter(content.values()))["schema"]
    if _resolve(schema).get("type") == "string":
        return str
    found: type = getattr(models, schema["$ref"].rpartition("/")[2])
    return found


def _resolve(node: Node) -> Node:
    while "$ref" in node:
        target: Any = DOCUMENT
        for key in node["$ref"].removeprefix("#/").split("/"):
            target = target[key]
        node = target
    return node


def limit_lists(node: Any) -> Any:
    """Return a copy of the document with short lists and without `maxProperties`.

    Prism generates lists up to their bounds and never finishes a list of a million spans. For an object with
    `maxProperties`, Prism often generates more members than allowed and then refuses its own response.
    """
    if isinstance(node, dict):
        bounded = {key: limit_lists(value) for key, value in node.items() if key != "maxProperties"}
        return {**bounded, "maxItems": MAX_LIST_ITEMS} if isinstance(node.get("maxItems"), int) else bounded
    return [limit_lists(member) for member in node] if isinstance(node, list) else node
