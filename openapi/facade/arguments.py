"""The arguments of a method: what goes into path, query and headers, and the properties of a JSON body."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from keyword import iskeyword
from typing import Any

from openapi_python_client.parser.openapi import Endpoint
from openapi_python_client.parser.properties import ModelProperty
from openapi_python_client.parser.properties.list_property import ListProperty
from openapi_python_client.parser.properties.none import NoneProperty
from openapi_python_client.parser.properties.union import UnionProperty

from .contract import Described, Node
from .expressions import PLACEHOLDER, Models, literal

TAKEN = frozenset({"extra_headers", "max_retries", "on_progress", "timeout"})
"""Arguments that methods have for themselves."""


@dataclass(frozen=True)
class Argument:
    """An argument of a method.

    Attributes:
        name: Its name in the method.
        target: Its name in the generated function or model.
        place: `path`, `query`, `header`, `body` for a property of the body, or `whole` for the body itself.
        wire_name: Its name in the contract.
        annotation: Its type.
        default: Its default; empty when it is required.
        value: The Python that gives what is handed on.
        description: What the contract says of it.
        example: The Python of the contract's example; empty when there is none.
        imports: The imports that its type needs.
        positional: Whether it may be given by position.
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
        endpoint: What the generator has parsed of the operation.
        described: What the contract says of it.
        models: The models of the contract.
    """

    def __init__(self, endpoint: Endpoint, described: Described, models: Models) -> None:
        self._endpoint = endpoint
        self._described = described
        self._models = models

    def all(self) -> list[Argument]:
        """First those that may be given by position, then the required, then the others.

        By position: what is in the path; without such, the only thing that the query needs. A name that is in the query
        and in the body is sent in the body.
        """
        body = list(self._of_body())
        in_body = {argument.wire_name for argument in body}
        path = list(self._of_parameters(self._endpoint.path_parameters, "path"))
        query = [a for a in self._of_parameters(self._endpoint.query_parameters, "query") if a.wire_name not in in_body]
        headers = list(self._of_parameters(self._endpoint.header_parameters, "header"))
        needed = [argument for argument in query if not argument.default]
        leading = path or (needed if len(needed) == 1 and not body else [])
        found = [*path, *body, *query, *headers]
        return [
            *(replace(argument, positional=True) for argument in leading),
            *sorted((a for a in found if a not in leading), key=lambda argument: bool(argument.default)),
        ]

    def _of_parameters(self, props: list[Any], place: str) -> Iterator[Argument]:
        for prop in props:
            node = self._described.parameter(prop.name.get_untrusted_value(), place)
            name = node.get("x-argument") or _name(prop)
            yield self._argument(prop, name, place, node.get("description", ""), node.get("example"))

    def _of_body(self) -> Iterator[Argument]:
        bodies = [body for body in self._endpoint.bodies if body.body_type == "json"]
        if not bodies:
            return
        model, (schema, example) = bodies[0].prop, self._described.body()
        encoded = len(self._endpoint.bodies) > 1
        if encoded or not isinstance(model, ModelProperty):
            yield self._whole_body(model, example, encoded=encoded)
            return
        in_path = {_name(prop) for prop in self._endpoint.path_parameters}
        for wire_name, prop in self._models.properties(model).items():
            node = schema["properties"][wire_name]
            given = (example or {}).get(wire_name)
            if "x-shorthand" in node and isinstance(prop, ListProperty):
                yield self._shorthand(prop, node["x-shorthand"], given)
            else:
                name = f"{_name(prop)}_in_body" if _name(prop) in in_path else _name(prop)
                yield self._argument(prop, name, "body", self._described.text(node), given)

    def _argument(self, prop: Any, name: str, place: str, description: str, example: Any) -> Argument:
        annotation, default, value = prop.get_type_string(no_optional=True).as_unembedded_code(), "", name
        if not prop.required and _nullable(prop):
            annotation, default = f"{annotation} | Unset", "UNSET"
        elif not prop.required:
            annotation, default, value = f"{annotation} | None", "None", f"UNSET if {name} is None else {name}"
        return Argument(
            name=name,
            target=prop.python_name,
            place=place,
            wire_name=prop.name.get_untrusted_value(),
            annotation=qualified(annotation),
            default=default,
            value=value,
            description=_sentence(description),
            example="" if example is None else self._models.expression(prop, example),
            imports=imports_of(prop),
        )

    def _whole_body(self, model: Any, example: Any, *, encoded: bool) -> Argument:
        annotation = model.get_type_string(no_optional=True).as_unembedded_code()
        described = _sentence(model.description.get_untrusted_value()) if model.description else ""
        return Argument(
            name="body",
            target="body",
            place="whole",
            wire_name="",
            annotation=qualified(f"{annotation} | EncodedBody" if encoded else annotation),
            default="",
            value="body",
            description=f"{described} Or its bytes." if encoded else described,
            example="" if example is None else self._models.expression(model, example),
            imports=imports_of(model),
        )

    def _shorthand(self, prop: ListProperty, node: Node, example: Any) -> Argument:
        """A list of plain values in place of a list of objects that differ in nothing else."""
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
            description=_sentence(node["description"]),
            example=literal([_plain(node["item"], each) for each in example]) if example else "",
            imports=frozenset(line for model in self._within(prop.inner_property) for line in imports_of(model)),
        )

    def _within(self, prop: Any) -> Iterator[ModelProperty]:
        if isinstance(prop, ModelProperty):
            yield prop
            for inner in self._models.properties(prop).values():
                yield from self._within(inner)


def _plain(item: Any, value: Any) -> Any:
    """What stands at the placeholder of an item in a value that is like it."""
    if isinstance(item, dict):
        found = (_plain(inner, value[key]) for key, inner in item.items())
        return next((each for each in found if each is not None), None)
    return value if item == PLACEHOLDER else None


def _nullable(prop: Any) -> bool:
    return isinstance(prop, NoneProperty) or (
        isinstance(prop, UnionProperty) and any(map(_nullable, prop.inner_properties))
    )


def _name(prop: Any) -> str:
    # The generator keeps clear of builtins, which a parameter may well be named as.
    bare = str(prop.python_name).rstrip("_")
    name = str(prop.python_name) if iskeyword(bare) or bare == "self" else bare
    return f"{name}_" if name in TAKEN else name


def imports_of(prop: Any) -> frozenset[str]:
    """The imports of a property's type, for a module one package below the top."""
    return frozenset(prop.get_imports(prefix="..") | prop.get_lazy_imports(prefix=".."))


def qualified(annotation: str) -> str:
    """A type as it must be written where a method is named `list`."""
    return re.sub(r"\blist\[", "builtins.list[", annotation)


def _sentence(text: str) -> str:
    return " ".join(text.split())
