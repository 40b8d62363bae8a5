"""Methods of a resource: one for each operation of a tag, named after the operation without the tag's noun."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from openapi_python_client.parser.openapi import Endpoint
from openapi_python_client.parser.properties import ModelProperty
from openapi_python_client.strings import PythonIdentifier

from .arguments import Argument, Arguments, imports_of, qualified_type
from .expressions import Models
from .extensions import BatchUpload, Extensions, Pagination, Polling
from .operations import ContractOperation, Node

ERROR_CLASSES: Final = {
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
        name: The method's name.
        function: The generated module that builds its request.
        summary: The operation's summary.
        description: The operation's description.
        arguments: The method's arguments.
        body: The model that the body's arguments build; empty if there is none.
        returns: The return type.
        returned: The description of the success response.
        expected: The classes that success responses are parsed into.
        idempotent: True if carrying out the same call twice has the same effect as once.
        conflict_is_final: True if the contract documents 409 for the operation.
        errors: The descriptions of the documented errors, by error class.
        pagination: The pagination of a list; None if it has none.
        batch_upload: The splitting of an upload; None if it is not split.
        polling: The polling of some work; None if it cannot be waited for.
        imports: The imports of models and types.
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
    pagination: Pagination | None
    batch_upload: BatchUpload | None
    polling: Polling | None
    imports: frozenset[str]

    @property
    def constant(self) -> str:
        """The module constant with the method's `Operation`."""
        return f"_{self.name.upper()}"

    @property
    def merge_function(self) -> str:
        """The module function that merges the results of a batch upload."""
        return f"_merge_{self.name}_results"

    def request(self, **replaced: str) -> str:
        """Return the Python expression that builds the request.

        Args:
            replaced: Expressions for some arguments, instead of their values.
        """
        values = {argument.name: replaced.get(argument.name, argument.value) for argument in self.arguments}
        in_body = [f"{a.target}={values[a.name]}" for a in self.arguments if a.place == "body"]
        given = [f"{a.target}={values[a.name]}" for a in self.arguments if a.place != "body"]
        if self.body:
            given.append(f"body={self.body}({', '.join(in_body)})")
        return f"{self.function}._get_kwargs({', '.join(given)})"

    def example(self, resource: str, name: str = "", awaited: str = "") -> str:
        """Return an example call, or an empty string if a required argument has no example in the contract.

        Args:
            resource: The name of the resource.
            name: The name of the method to call. Default: the method's own.
            awaited: `async ` or `await ` for an asynchronous call, else empty.
        """
        shown = [a for a in self.arguments if a.example or not a.default]
        if any(not argument.example for argument in shown):
            return ""
        given = [a.example if a.positional else f"{a.name}={a.example}" for a in shown]
        call = f"client.{resource}.{name or self.name}({', '.join(given)})"
        return f"{awaited}for item in {call}: print(item)" if self.pagination else f"{awaited}{call}"


def build_method(endpoint: Endpoint, operation: ContractOperation, noun: str, models: Models) -> Method:
    """Build the method of an operation.

    Args:
        endpoint: The operation as the generator has parsed it.
        operation: The operation in the contract.
        noun: The noun of the operation's tag.
        models: The models of the contract.

    Raises:
        ResourceError: An extension names an argument or a property that does not exist.
    """
    arguments = Arguments(endpoint, operation, models).all()
    bodies: list[Any] = [body.prop for body in endpoint.bodies if body.body_type == "json"]
    flattened = len(endpoint.bodies) == 1 and bodies and isinstance(bodies[0], ModelProperty)
    successes = [response.prop for response in endpoint.responses.patterns if response.status_code.pattern < "300"]
    response = next((prop for prop in successes if not _is_empty(prop, models)), None)
    documented = operation.responses()
    extensions = Extensions(operation, response, arguments, models)
    pagination = extensions.pagination()
    imports = {line for prop in (*successes, *bodies) for line in imports_of(prop)}
    imports |= {line for argument in arguments for line in argument.imports}
    imports |= pagination.imports if pagination else frozenset()
    return Method(
        name=_method_name(operation.node["operationId"], noun),
        function=str(endpoint.name),
        summary=operation.node.get("summary", operation.node["operationId"]),
        description=operation.node.get("description", "").strip(),
        arguments=arguments,
        body=bodies[0].class_info.name if flattened else "",
        returns="None" if response is None else qualified_type(response.get_type_string().as_unembedded_code()),
        returned=next((node["description"] for status, node in documented.items() if status < "300"), ""),
        expected=sorted({_class_name(prop) for prop in successes}),
        idempotent=operation.idempotent,
        conflict_is_final="409" in documented,
        errors=_error_descriptions(documented),
        pagination=pagination,
        batch_upload=extensions.batch_upload(bodies[0] if bodies else None),
        polling=extensions.polling(),
        # The templates replace the generator's file types with `EncodedBody`.
        imports=frozenset(line for line in imports if "BytesIO" not in line and "FileTypes" not in line),
    )


def _method_name(operation_id: str, noun: str) -> str:
    bare = re.sub(rf"(?<=[a-z0-9]){re.escape(noun)}s?(?=[A-Z]|$)", "", operation_id, count=1)
    return str(PythonIdentifier(bare, prefix="field_")).rstrip("_")


def _error_descriptions(documented: dict[str, Node]) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for status, node in documented.items():
        if status >= "400":
            name = ERROR_CLASSES.get(status, "InternalServerError" if status >= "500" else "APIStatusError")
            found.setdefault(name, []).append(" ".join(node["description"].split()))
    return {name: " Or: ".join(texts) for name, texts in found.items()}


def _is_empty(prop: Any, models: Models) -> bool:
    """Return whether a response has no content, or an object without properties."""
    if isinstance(prop, ModelProperty):
        return not models.properties(prop) and not prop.data.additionalProperties
    return _class_name(prop) == "type(None)"


def _class_name(prop: Any) -> str:
    """Return the name of a value's class at run time."""
    if isinstance(prop, ModelProperty):
        return str(prop.class_info.name)
    annotation = prop.get_instance_type_string().as_unembedded_code()
    return "type(None)" if annotation in ("None", "Any") else re.sub(r"\[.*", "", annotation)
