"""Arguments of a method: the parameters in path, query and headers, and the properties of a JSON body."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from keyword import iskeyword
from typing import Any, Final

from openapi_python_client.parser.openapi import Endpoint
from openapi_python_client.parser.properties import ModelProperty
from openapi_python_client.parser.properties.list_property import ListProperty
from openapi_python_client.parser.properties.none import NoneProperty
from openapi_python_client.parser.properties.union import UnionProperty

from .expressions import PLACEHOLDER, Models, literal
from .operations import ContractOperation, Node

RESERVED_NAMES: Final = frozenset({"extra_headers", "max_retries", "on_progress", "timeout"})
"""Arguments that every method has in addition to the contract's."""


@dataclass(frozen=True)
class Argument:
    """An argument of a method.

    Attributes:
        name: The name in the method.
        target: The name in the generated function or model.
        place: `path`, `query`, `header`, `body` for a property of the body, or `whole` for the body itself.
        wire_name: The name in the contract.
        annotation: The type.
        default: The default; empty if the argument is required.
        value: The Python expression that is passed to the generated function or model.
        description: The description in the contract.
        example: The contract's example as a Python expression; empty if there is none.
        imports: The imports that the type needs.
        positional: True if it may be given by position.
    """

    name: str
    target: str
    place: str
    wire_name: str
    annotation: str
    default: str
    value: str
    description: str
    example: str
    imports: frozenset[str]
    positional: bool = False


class Arguments:
    """The arguments of one operation's method.

    Args:
        endpoint: The operation as the generator has parsed it.
        operation: The operation in the contract.
        models: The models of the contract.
    """

    def __init__(self, endpoint: Endpoint, operation: ContractOperation, models: Models) -> None:
        self._endpoint = endpoint
        self._operation = operation
        self._models = models

    def all(self) -> list[Argument]:
        """Return all arguments: positional ones first, then required ones, then optional ones.

        Positional are the path parameters; without any, the single required query parameter of an operation without
        body. A name in both query and body is sent in the body.
        """
        body = list(self._body_arguments())
        in_body = {argument.wire_name for argument in body}
        path = list(self._parameter_arguments(self._endpoint.path_parameters, "path"))
        query = [
            a for a in self._parameter_arguments(self._endpoint.query_parameters, "query") if a.wire_name not in in_body
        ]
        headers = list(self._parameter_arguments(self._endpoint.header_parameters, "header"))
        needed = [argument for argument in query if not argument.default]
        leading = path or (needed if len(needed) == 1 and not body else [])
        found = [*path, *body, *query, *headers]
        return [
            *(replace(argument, positional=True) for argument in leading),
            *sorted((a for a in found if a not in leading), key=lambda argument: bool(argument.default)),
        ]

    def _parameter_arguments(self, props: list[Any], place: str) -> Iterator[Argument]:
        for prop in props:
            node = self._operation.parameter(prop.name.get_untrusted_value(), place)
            name = node.get("x-argument") or _argument_name(prop)
            yield self._argument(prop, name, place, node.get("description", ""), node.get("example"))

    def _body_arguments(self) -> Iterator[Argument]:
        bodies = [body for body in self._endpoint.bodies if body.body_type == "json"]
        if not bodies:
            return
        model, (schema, example) = bodies[0].prop, self._operation.json_body()
        encoded = len(self._endpoint.bodies) > 1
        if encoded or not isinstance(model, ModelProperty):
            yield self._whole_body(model, example, encoded=encoded)
            return
        in_path = {_argument_name(prop) for prop in self._endpoint.path_parameters}
        for wire_name, prop in self._models.properties(model).items():
            node = schema["properties"][wire_name]
            given = (example or {}).get(wire_name)
            if "x-shorthand" in node and isinstance(prop, ListProperty):
                yield self._shorthand(prop, node["x-shorthand"], given)
            else:
                bare = _argument_name(prop)
                name = f"{bare}_in_body" if bare in in_path else bare
                yield self._argument(prop, name, "body", self._operation.description(node), given)

    def _argument(self, prop: Any, name: str, place: str, description: str, example: Any) -> Argument:
        annotation, default, value = prop.get_type_string(no_optional=True).as_unembedded_code(), "", name
        if not prop.required and _is_nullable(prop):
            annotation, default = f"{annotation} | Unset", "UNSET"
        elif not prop.required:
            annotation, default, value = f"{annotation} | None", "None", f"UNSET if {name} is None else {name}"
        return Argument(
            name=name,
            target=prop.python_name,
            place=place,
            wire_name=prop.name.get_untrusted_value(),
            annotation=qualified_type(annotation),
            default=default,
            value=value,
            description=_one_line(description),
            example="" if example is None else self._models.expression(prop, example),
            imports=imports_of(prop),
        )

    def _whole_body(self, model: Any, example: Any, *, encoded: bool) -> Argument:
        annotation = model.get_type_string(no_optional=True).as_unembedded_code()
        description = _one_line(model.description.get_untrusted_value()) if model.description else ""
        return Argument(
            name="body",
            target="body",
            place="whole",
            wire_name="",
            annotation=qualified_type(f"{annotation} | EncodedBody" if encoded else annotation),
            default="",
            value="body",
            description=f"{description} Or its bytes." if encoded else description,
            example="" if example is None else self._models.expression(model, example),
            imports=imports_of(model),
        )

    def _shorthand(self, prop: ListProperty, node: Node, example: Any) -> Argument:
        """Return an argument that takes plain values instead of objects that differ only in that value."""
        name, optional = node["argument"], "default" in node
        item = self._models.expression(prop.inner_property, node["item"], placeholder="each")
        given = f"({literal(node['default'])} if {name} is None else {name})" if optional else name
        return Argument(
            name=name,
            target=prop.python_name,
            place="body",
            wire_name=prop.name.get_untrusted_value(),
            annotation="builtins.list[str] | None" if optional else "builtins.list[str]",
            default="None" if optional else "",
            value=f"[{item} for each in {given}]",
            description=_one_line(node["description"]),
            example=literal([_placeholder_value(node["item"], each) for each in example]) if example else "",
            imports=frozenset(line for model in self._nested_models(prop.inner_property) for line in imports_of(model)),
        )

    def _nested_models(self, prop: Any) -> Iterator[ModelProperty]:
        if isinstance(prop, ModelProperty):
            yield prop
            for inner in self._models.properties(prop).values():
                yield from self._nested_models(inner)


def _placeholder_value(item: Any, value: Any) -> Any:
    """Return the part of a value that is at the item's placeholder, or None."""
    if isinstance(item, dict):
        found = (_placeholder_value(inner, value[key]) for key, inner in item.items())
        return next((each for each in found if each is not None), None)
    return value if item == PLACEHOLDER else None


def _is_nullable(prop: Any) -> bool:
    return isinstance(prop, NoneProperty) or (
        isinstance(prop, UnionProperty) and any(map(_is_nullable, prop.inner_properties))
    )


def _argument_name(prop: Any) -> str:
    # The generator appends an underscore to names of builtins, which are valid names of parameters.
    bare = str(prop.python_name).rstrip("_")
    name = str(prop.python_name) if iskeyword(bare) or bare == "self" else bare
    return f"{name}_" if name in RESERVED_NAMES else name


def imports_of(prop: Any) -> frozenset[str]:
    """Return the imports of a property's type, for a module in a subpackage of the client."""
    return frozenset(prop.get_imports(prefix="..") | prop.get_lazy_imports(prefix=".."))


def qualified_type(annotation: str) -> str:
    """Return a type with `builtins.list`, for classes that have a method named `list`."""
    return re.sub(r"\blist\[", "builtins.list[", annotation)


def _one_line(text: str) -> str:
    return " ".join(text.split())
