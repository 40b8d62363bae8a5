"""Checks of a request against the contract, and what to say when one fails."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

import jsonschema_rs

from kayba_local.contract import Operation, Parameter, Place
from kayba_local.http.operation import Problem

ERRORS_TOLD = 3
"""How many faults a message names; the rest would follow from them or be found next time."""

_INTEGER = re.compile(r"-?[0-9]{1,18}")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_BOOLEANS = {"true": True, "false": False}


def check(validator: jsonschema_rs.Validator, instance: Any, root: str) -> None:
    """Raise a 400 that names what is wrong with `instance`, each fault by its path below `root`."""
    if not validator.is_valid(instance):
        raise Problem(400, None, explain(validator, instance, root))


def explain(validator: jsonschema_rs.Validator, instance: Any, root: str) -> str:
    """The first faults of `instance` as one line, e.g. ``body.ids[0]: value is not of type "string"``."""
    return "; ".join(_describe(error, root) for error in islice(validator.iter_errors(instance), ERRORS_TOLD))


def read_parameters(operation: Operation, place: Place, sent: Mapping[str, list[str]]) -> dict[str, Any]:
    """The parameters of one place as the contract types them, checked.

    Args:
        operation: Whose parameters.
        place: Where they stand in the request.
        sent: The strings of the request by name (of a header in lower case); others are ignored.

    Returns:
        Values by name; a parameter that was not sent is there only if it has a default.

    Raises:
        Problem: 400, naming the parameter and what is wrong with it.
    """
    members = operation.parameters[place]
    if not members:
        return {}
    values: dict[str, Any] = {}
    for parameter in members:
        name = parameter.name.lower() if place == "header" else parameter.name
        if name in sent:
            values[name] = _typed(parameter, sent[name])
        elif parameter.default is not None:
            values[name] = parameter.default
    check(operation.parameter_validators[place], values, place)
    return values


def _typed(parameter: Parameter, texts: list[str]) -> Any:
    if "array" in parameter.types:
        parts = texts if parameter.explode else [part for text in texts for part in text.split(",")]
        return [_scalar(part, parameter.items) for part in parts]
    if len(texts) > 1:
        raise Problem(400, None, f"{parameter.place}.{parameter.name}: given {len(texts)} times, takes one value")
    return _scalar(texts[0], parameter.types)


def _scalar(text: str, types: frozenset[str]) -> Any:
    """The text as the first type that it can be; left as text otherwise, for the validator to refuse."""
    if "integer" in types and _INTEGER.fullmatch(text):
        return int(text)
    if "number" in types and _NUMBER.fullmatch(text):
        return float(text)
    if "boolean" in types:
        # Python clients write True and False.
        return _BOOLEANS.get(text.lower(), text)
    return text


def _describe(error: jsonschema_rs.ValidationError, root: str) -> str:
    where = root + "".join(_step(step) for step in error.instance_path)
    arms = getattr(error.kind, "context", None)
    if not arms:
        return f"{where}: {error.message}"
    firsts = [arm[0] for arm in arms if arm]
    deepest = max(firsts, key=lambda first: len(first.instance_path))
    if len(deepest.instance_path) > len(error.instance_path):
        return _describe(deepest, root)
    return f"{where}: {_alternatives(first.message for first in firsts)}"


def _step(step: str | int) -> str:
    return f"[{step}]" if isinstance(step, int) else f".{step}"


def _alternatives(messages: Iterable[str]) -> str:
    return " and ".join(dict.fromkeys(messages))
