"""What a method does beyond one call, where the contract's extensions say so: page, split, wait."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from openapi_python_client.parser.properties import ModelProperty
from openapi_python_client.parser.properties.int import IntProperty
from openapi_python_client.parser.properties.list_property import ListProperty

from .arguments import Argument, imports_of, qualified
from .contract import Described, FacadeError
from .expressions import Models


@dataclass(frozen=True)
class Paged:
    """A list that comes a page at a time: the type of its items, and the properties of request and answer."""

    item: str
    items: str
    token: Argument | None
    next: str
    imports: frozenset[str]


@dataclass(frozen=True)
class Split:
    """An upload that may go in several requests: the argument that is split, and how results become one."""

    argument: Argument
    item: str
    merged: dict[str, str]
    max_bytes: int
    max_items: int


@dataclass(frozen=True)
class Waited:
    """Work that can be waited for: the property of its state, the states that are its end, the property of a reason."""

    state: str
    completed: list[str]
    failed: list[str]
    reason: str


class Extras:
    """Reads the extensions of one operation.

    Args:
        described: What the contract says of the operation.
        answer: What the generator has parsed of its success.
        given: The arguments of its method.
        models: The models of the contract.
    """

    def __init__(self, described: Described, answer: Any, given: list[Argument], models: Models) -> None:
        self._described = described
        self._answer = answer
        self._given = given
        self._models = models

    def paged(self) -> Paged | None:
        """How its list is paged, if it gives one.

        Raises:
            FacadeError: The extension names what is not there; so do the others.
        """
        node = self._described.node.get("x-paging")
        if node is None:
            return None
        items = self._list(self._answer, node["items"])
        token = next((argument for argument in self._given if argument.wire_name == node.get("token")), None)
        if ("token" in node) != (token is not None) or ("token" in node) != ("next" in node):
            raise self._error("x-paging needs `token`, an argument, with `next`, or neither")
        return Paged(
            item=qualified(items.inner_property.get_type_string().as_unembedded_code()),
            items=items.python_name,
            token=token,
            next=self._name(node["next"]) if "next" in node else "",
            imports=imports_of(items.inner_property),
        )

    def split(self, body: Any) -> Split | None:
        """How what it sends is split, if it is; given what the generator has parsed of its body."""
        name = self._described.node.get("x-split")
        if name is None:
            return None
        merged: dict[str, str] = {}
        for prop in self._models.properties(self._answer).values():
            if isinstance(prop, ListProperty):
                merged[prop.python_name] = f"[item for result in results for item in result.{prop.python_name}]"
            elif isinstance(prop, IntProperty):
                merged[prop.python_name] = f"sum(result.{prop.python_name} for result in results)"
            else:
                raise self._error(f"x-split cannot merge results with {prop.python_name}")
        inner = self._list(body, name).inner_property
        return Split(
            argument=next(argument for argument in self._given if argument.wire_name == name),
            item=qualified(inner.get_type_string().as_unembedded_code()),
            merged=merged,
            max_bytes=self._described.node["x-max-body-bytes"],
            max_items=self._described.body()[0]["properties"][name]["maxItems"],
        )

    def waited(self) -> Waited | None:
        """How its work is waited for, if it tells where some work stands."""
        node = self._described.node.get("x-wait")
        if node is None:
            return None
        return Waited(self._name(node["state"]), node["completed"], node["failed"], self._name(node["reason"]))

    def _name(self, wire_name: str) -> str:
        return str(self._property(self._answer, wire_name).python_name)

    def _list(self, model: Any, wire_name: str) -> ListProperty:
        found = self._property(model, wire_name)
        if not isinstance(found, ListProperty):
            raise self._error(f"{wire_name!r} is no list")
        return found

    def _property(self, model: Any, wire_name: str) -> Any:
        if not isinstance(model, ModelProperty) or wire_name not in self._models.properties(model):
            raise self._error(f"there is no property {wire_name!r}")
        return self._models.properties(model)[wire_name]

    def _error(self, text: str) -> FacadeError:
        return FacadeError(f"{self._described.node['operationId']}: {text}")
