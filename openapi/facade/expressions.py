"""Writes values of the contract, such as its examples, as Python."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from openapi_python_client.parser.properties import ModelProperty, Property
from openapi_python_client.parser.properties.datetime import DateTimeProperty
from openapi_python_client.parser.properties.list_property import ListProperty
from openapi_python_client.parser.properties.union import UnionProperty

PLACEHOLDER = "$"


class Models:
    """The models of a contract, which know how their values are written.

    Args:
        models: All of them, as the generator has parsed them.
    """

    def __init__(self, models: Iterable[ModelProperty]) -> None:
        self._models = {model.class_info.name: model for model in models}

    def properties(self, model: ModelProperty) -> dict[str, Property]:
        """The properties of a model by their names in the contract, those that are required first."""
        # What refers to a model may hold a copy of it from before its properties were parsed.
        whole = self._models.get(model.class_info.name, model)
        both = [*(whole.required_properties or ()), *(whole.optional_properties or ())]
        return {prop.name.get_untrusted_value(): prop for prop in both}

    def expression(self, prop: Any, value: Any, placeholder: str = "") -> str:
        """A value as the Python that gives it, with models where the generator has models.

        Args:
            prop: What the generator has parsed of the value's schema.
            value: A JSON value that the schema allows.
            placeholder: The Python that stands for the text `$`, if any does.
        """
        if placeholder and value == PLACEHOLDER:
            return placeholder
        if isinstance(prop, ListProperty) and isinstance(value, list):
            return f"[{', '.join(self.expression(prop.inner_property, item, placeholder) for item in value)}]"
        if isinstance(prop, UnionProperty):
            is_object = isinstance(value, dict)
            fitting = [inner for inner in prop.inner_properties if isinstance(inner, ModelProperty) == is_object]
            return self.expression(fitting[0], value, placeholder) if fitting else literal(value)
        if isinstance(prop, ModelProperty) and isinstance(value, dict):
            return self._model(prop, value, placeholder)
        if isinstance(prop, DateTimeProperty):
            return f"datetime.datetime.fromisoformat({literal(value)})"
        return literal(value)

    def _model(self, model: ModelProperty, value: dict[str, Any], placeholder: str) -> str:
        known = self.properties(model)
        if not known.keys() >= value.keys():  # A map, or a property that the contract does not name.
            return f"{model.class_info.name}.from_dict({literal(value)})"
        given = [
            f"{known[name].python_name}={self.expression(known[name], item, placeholder)}"
            for name, item in value.items()
        ]
        return f"{model.class_info.name}({', '.join(given)})"


def literal(value: Any) -> str:
    """A plain value as Python, its texts in double quotes."""
    if isinstance(value, str):
        return repr(value) if '"' in value else json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{literal(key)}: {literal(item)}' for key, item in value.items())}}}"
    return repr(value)
