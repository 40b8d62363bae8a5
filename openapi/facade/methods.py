"""The methods of a resource: one for each operation of a tag, named after it without the tag's noun."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from openapi_python_client.parser.openapi import Endpoint
from openapi_python_client.parser.properties import ModelProperty
from openapi_python_client.strings import PythonIdentifier

from .arguments import Argument, Arguments, imports_of, qualified
from .contract import Described, Node
from .expressions import Models
from .extras import Extras, Paged, Split, Waited

ERRORS = {
    "400": "BadRequestError",
    "401": "AuthenticationError",
    "403": "PermissionDeniedError",
    "404": "NotFoundError",
    "409": "ConflictError",
    "413": "PayloadTooLargeError",
    "422": "UnprocessableEntityError",
    "429": "RateLimitError",
}


@dataclass(frozen=True)
class Method:
    """An operation as a method of a resource.

    Attributes:
        name: Its name.
        function: The generated module that makes its request.
        summary: What the contract says of it in a few words.
        description: And in more.
        arguments: What it takes.
        body: The model that the arguments for the body make; empty when none do.
        returns: The type of what it gives.
        returned: What the contract says of that.
        expected: The classes of what its answers may be parsed into.
        idempotent: Whether carrying it out twice is the same as once.
        conflict_is_final: Whether it documents 409 as an answer of its own.
        errors: What it raises when, by class.
        paged: How its list is paged.
        split: How what it sends is split.
        waited: How its work is waited for.
        imports: What all of it imports of models and types.
    """

    name: str
    function: str
    summary: str
    description: str
    arguments: list[Argument]
    body: str
    returns: str
    returned: str
    expected: list[str]
    idempotent: bool
    conflict_is_final: bool
    errors: dict[str, str]
    paged: Paged | None
    split: Split | None
    waited: Waited | None
    imports: frozenset[str]

    @property
    def constant(self) -> str:
        """What its operation is called in the module."""
        return f"_{self.name.upper()}"

    def request(self, **replaced: str) -> str:
        """The Python that makes the request, with the values of some arguments replaced."""
        values = {argument.name: replaced.get(argument.name, argument.value) for argument in self.arguments}
        in_body = [f"{a.target}={values[a.name]}" for a in self.arguments if a.place == "body"]
        given = [f"{a.target}={values[a.name]}" for a in self.arguments if a.place != "body"]
        if self.body:
            given.append(f"body={self.body}({', '.join(in_body)})")
        return f"{self.function}._get_kwargs({', '.join(given)})"

    def example(self, resource: str, name: str = "", awaited: str = "") -> str:
        """A call of it with the contract's examples; empty when one that is needed is missing.

        Args:
            resource: The name of its resource.
            name: That of the method, when it is not its own.
            awaited: `async ` or `await `, where it is awaited.
        """
        shown = [a for a in self.arguments if a.example or not a.default]
        if any(not argument.example for argument in shown):
            return ""
        given = [a.example if a.positional else f"{a.name}={a.example}" for a in shown]
        call = f"client.{resource}.{name or self.name}({', '.join(given)})"
        return f"{awaited}for item in {call}: print(item)" if self.paged else f"{awaited}{call}"


def method(endpoint: Endpoint, described: Described, noun: str, models: Models) -> Method:
    """The method of an operation.

    Args:
        endpoint: What the generator has parsed of it.
        described: What the contract says of it.
        noun: What the operations of its tag are about.
        models: The models of the contract.

    Raises:
        FacadeError: An extension names what is not there.
    """
    given = Arguments(endpoint, described, models).all()
    bodies: list[Any] = [body.prop for body in endpoint.bodies if body.body_type == "json"]
    flattened = len(endpoint.bodies) == 1 and bodies and isinstance(bodies[0], ModelProperty)
    successes = [response.prop for response in endpoint.responses.patterns if response.status_code.pattern < "300"]
    answer = next((prop for prop in successes if not _says_nothing(prop, models)), None)
    documented = described.responses()
    extras = Extras(described, answer, given, models)
    paged = extras.paged()
    imports = {line for prop in (*successes, *bodies) for line in imports_of(prop)}
    imports |= {line for argument in given for line in argument.imports}
    imports |= paged.imports if paged else frozenset()
    return Method(
        name=_name(described.node["operationId"], noun),
        function=str(endpoint.name),
        summary=described.node.get("summary", described.node["operationId"]),
        description=described.node.get("description", "").strip(),
        arguments=given,
        body=bodies[0].class_info.name if flattened else "",
        returns="None" if answer is None else qualified(answer.get_type_string().as_unembedded_code()),
        returned=next((node["description"] for status, node in documented.items() if status < "300"), ""),
        expected=sorted({_class_name(prop) for prop in successes}),
        idempotent=described.idempotent,
        conflict_is_final="409" in documented,
        errors=_errors(documented),
        paged=paged,
        split=extras.split(bodies[0] if bodies else None),
        waited=extras.waited(),
        # Files are not taken as such: the templates take bytes as `EncodedBody`.
        imports=frozenset(line for line in imports if "BytesIO" not in line and "FileTypes" not in line),
    )


def _name(operation_id: str, noun: str) -> str:
    bare = re.sub(rf"(?<=[a-z0-9]){re.escape(noun)}s?(?=[A-Z]|$)", "", operation_id, count=1)
    return str(PythonIdentifier(bare, prefix="field_")).rstrip("_")


def _errors(documented: dict[str, Node]) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for status, node in documented.items():
        if status >= "400":
            name = ERRORS.get(status, "InternalServerError" if status >= "500" else "APIStatusError")
            found.setdefault(name, []).append(" ".join(node["description"].split()))
    return {name: " Or: ".join(texts) for name, texts in found.items()}


def _says_nothing(prop: Any, models: Models) -> bool:
    if isinstance(prop, ModelProperty):
        return not models.properties(prop) and not prop.data.additionalProperties
    return _class_name(prop) == "type(None)"


def _class_name(prop: Any) -> str:
    """The class of a value at run time."""
    if isinstance(prop, ModelProperty):
        return str(prop.class_info.name)
    annotation = prop.get_instance_type_string().as_unembedded_code()
    return "type(None)" if annotation in ("None", "Any") else re.sub(r"\[.*", "", annotation)
