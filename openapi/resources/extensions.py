"""Extensions of an operation: `x-paging`, `x-split` and `x-wait`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from openapi_python_client.parser.properties import ModelProperty
from openapi_python_client.parser.properties.int import IntProperty
from openapi_python_client.parser.properties.list_property import ListProperty

from .arguments import Argument, imports_of, qualified_type
from .expressions import Models
from .operations import ContractOperation, ResourceError


@dataclass(frozen=True)
class Pagination:
    """A list that is returned in pages.

    Attributes:
        item: The type of an item.
        items: The response's property with the list.
        token: The argument that takes a page token; None for a list of one page.
        next: The response's property with the next page's token; empty for a list of one page.
        imports: The imports that the type needs.
    """

    item: str
    items: str
    token: Argument | None
    next: str
    imports: frozenset[str]


@dataclass(frozen=True)
class BatchUpload:
    """An upload that can be split into several requests.

    Attributes:
        argument: The argument with the items.
        item: The type of an item.
        merged: By property of the result, the expression that merges several `results`.
        max_bytes: Maximum size of a body in bytes.
        max_items: Maximum number of items in a request.
    """

    argument: Argument
    item: str
    merged: dict[str, str]
    max_bytes: int
    max_items: int


@dataclass(frozen=True)
class Polling:
    """Work whose end can be waited for.

    Attributes:
        state: The response's property with the state.
        completed: The states of success.
        failed: The states of failure.
        reason: The response's property with the reason of a failure.
    """

    state: str
    completed: list[str]
    failed: list[str]
    reason: str


class Extensions:
    """A reader of the extensions of one operation.

    Args:
        operation: The operation in the contract.
        response: The parsed schema of its success response.
        arguments: The arguments of its method.
        models: The models of the contract.
    """

    def __init__(self, operation: ContractOperation, response: Any, arguments: list[Argument], models: Models) -> None:
        self._operation = operation
        self._response = response
        self._arguments = arguments
        self._models = models

    def pagination(self) -> Pagination | None:
        """Return the pagination of the operation, or None without `x-paging`.

        Raises:
            ResourceError: The extension names an argument or a property that does not exist.
        """
        node = self._operation.node.get("x-paging")
        if node is None:
            return None
        items = self._list(self._response, node["items"])
        token = next((argument for argument in self._arguments if argument.wire_name == node.get("token")), None)
        if ("token" in node) != (token is not None) or ("token" in node) != ("next" in node):
            raise self._error("x-paging needs either both `token`, the name of an argument, and `next`, or neither")
        return Pagination(
            item=qualified_type(items.inner_property.get_type_string().as_unembedded_code()),
            items=items.python_name,
            token=token,
            next=self._python_name(node["next"]) if "next" in node else "",
            imports=imports_of(items.inner_property),
        )

    def batch_upload(self, body: Any) -> BatchUpload | None:
        """Return the splitting of the operation's upload, or None without `x-split`.

        Args:
            body: The parsed schema of the body.

        Raises:
            ResourceError: The extension names a property that does not exist, or results cannot be merged.
        """
        name = self._operation.node.get("x-split")
        if name is None:
            return None
        merged: dict[str, str] = {}
        for prop in self._models.properties(self._response).values():
            if isinstance(prop, ListProperty):
                merged[prop.python_name] = f"[item for result in results for item in result.{prop.python_name}]"
            elif isinstance(prop, IntProperty):
                merged[prop.python_name] = f"sum(result.{prop.python_name} for result in results)"
            else:
                raise self._error(f"x-split cannot merge results with {prop.python_name}")
        inner = self._list(body, name).inner_property
        return BatchUpload(
            argument=next(argument for argument in self._arguments if argument.wire_name == name),
            item=qualified_type(inner.get_type_string().as_unembedded_code()),
            merged=merged,
            max_bytes=self._operation.node["x-max-body-bytes"],
            max_items=self._operation.json_body()[0]["properties"][name]["maxItems"],
        )

    def polling(self) -> Polling | None:
        """Return the polling of the operation's work, or None without `x-wait`.

        Raises:
            ResourceError: The extension names a property that does not exist.
        """
        node = self._operation.node.get("x-wait")
        if node is None:
            return None
        return Polling(
            self._python_name(node["state"]), node["completed"], node["failed"], self._python_name(node["reason"])
        )

    def _python_name(self, wire_name: str) -> str:
        return str(self._property(self._response, wire_name).python_name)

    def _list(self, model: Any, wire_name: str) -> ListProperty:
        found = self._property(model, wire_name)
        if not isinstance(found, ListProperty):
            raise self._error(f"property {wire_name!r} is not a list")
        return found

    def _property(self, model: Any, wire_name: str) -> Any:
        if not isinstance(model, ModelProperty) or wire_name not in self._models.properties(model):
            raise self._error(f"property {wire_name!r} does not exist")
        return self._models.properties(model)[wire_name]

    def _error(self, text: str) -> ResourceError:
        return ResourceError(f"{self._operation.node['operationId']}: {text}")
