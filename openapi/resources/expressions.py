"""Python expressions for values of the contract, such as its examples."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

from openapi_python_client.parser.properties import ModelProperty, Property
from openapi_python_client.parser.properties.datetime import DateTimeProperty
from openapi_python_client.parser.properties.list_property import ListProperty
from openapi_python_client.parser.properties.union import UnionProperty

PLACEHOLDER: Final = "$"


class Models:
    """The models of a contract, with the expressions of their values.

    Args:
        models: All models that the generator has parsed.
    """

    def __init__(self, models: Iterable[ModelProperty]) -> None:
        self._models = {model.class_info.name: model for model in models}

    def properties(self, model: ModelProperty) -> dict[str, Property]:
        """Return the properties of a model by their names in the contract, required properties first."""
        # A reference to a model may hold a copy from before the model's properties were parsed.
        whole = self._models.get(model.class_info.name, model)
        both = [*(whole.required_properties or ()), *(whole.optional_properties or ())]
        return {prop.name.get_untrusted_value(): prop for prop in both}

    def expression(self, prop: Any, value: Any, placeholder: str = "") -> str:
        """Return a value as a Python expression, with models where the generator has models.

        Args:
            prop: The parsed schema of the value.
            value: A JSON value that is valid under the schema.
            placeholder: The expression that replaces the text `$`; empty to replace nothing.
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
            return self._model_expression(prop, value, placeholder)
        if isinstance(prop, DateTimeProperty):
            return f"datetime.datetime.fromisoformat({literal(value)})"
        return literal(value)

    def _model_expression(self, model: ModelProperty, value: dict[str, Any], placeholder: str) -> str:
        known = self.properties(model)
        if not known.keys() >= value.keys():  # A map, or a property that is not in the contract.
            return f"{model.class_info.name}.from_dict({literal(value)})"
        given = [
            f"{known[name].python_name}={self.expression(known[name], item, placeholder)}"
            for name, item in value.items()
        ]
        return f"{model.class_info.name}({', '.join(given)})"


def literal(value: Any) -> str:
    """Return a JSON value as a Python literal, its strings in double quotes."""
    if isinstance(value, str):
        return repr(value) if '"' in value else json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{literal(key)}: {literal(item)}' for key, item in value.items())}}}"
    return repr(value)
