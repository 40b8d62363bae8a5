"""Validation of requests against the contract, and the messages for invalid ones."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final

import jsonschema_rs

from kayba_local.contract import Operation, Parameter, ParameterLocation
from kayba_local.http.errors import Problem

MAX_REPORTED_ERRORS: Final = 3
"""Errors in a message. Further ones mostly follow from these."""
MAX_EXPLAINED_VALUES: Final = 2_000
"""Values of an instance whose first three errors are reported. Of a larger one, it is the first of these values."""
MAX_ERROR_CHARACTERS: Final = 1_000
"""Characters of an error. One may list all unknown fields of an object."""

_INTEGER: Final = re.compile(r"-?[0-9]{1,18}")
_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_BOOLEANS: Final = {"true": True, "false": False}


def check(validator: jsonschema_rs.Validator, instance: Any, root: str) -> None:
    """Raise a 400 that names the errors of `instance`, each by its path below `root`."""
    if not validator.is_valid(instance):
        raise Problem(400, None, explain(validator, instance, root))


def explain(validator: jsonschema_rs.Validator, instance: Any, root: str) -> str:
    """Return the first errors of `instance` as one line, e.g. `body.ids[0]: value is not of type "string"`."""
    errors = list(islice(_iterate_errors(validator, instance), MAX_REPORTED_ERRORS))
    if not errors:
        return f"{root}: invalid behind its first {MAX_EXPLAINED_VALUES:,} values"
    return "; ".join(_describe(error, root)[:MAX_ERROR_CHARACTERS] for error in errors)


def _iterate_errors(validator: jsonschema_rs.Validator, instance: Any) -> Iterator[jsonschema_rs.ValidationError]:
    """Yield the errors of an instance; of a large one the first of its first values.

    The library finds all errors before it returns one. Each takes 2 KB and has a copy of the value.
    """
    sample, is_whole = _copy_part(instance)
    if is_whole:
        yield from validator.iter_errors(instance)
        return
    try:
        validator.validate(sample)
    except jsonschema_rs.ValidationError as error:
        yield error


def _copy_part(instance: Any) -> tuple[Any, bool]:
    """Return a copy with about the first `MAX_EXPLAINED_VALUES` values, level by level, and whether it has all."""
    values, is_whole = 0, True
    whole = [instance]
    waiting: list[tuple[Any, Any, Any]] = [(whole, 0, instance)]
    for parent, place, value in waiting:
        if not isinstance(value, dict | list):
            continue
        room = MAX_EXPLAINED_VALUES - values
        is_whole = is_whole and len(value) <= room
        copy = dict(islice(value.items(), room)) if isinstance(value, dict) else value[:room]
        values += len(copy)
        parent[place] = copy
        waiting += [(copy, at, below) for at, below in (copy.items() if isinstance(copy, dict) else enumerate(copy))]
    return whole[0], is_whole


def read_parameters(operation: Operation, location: ParameterLocation, sent: Mapping[str, list[str]]) -> dict[str, Any]:
    """Return the parameters of one location, typed and validated.

    Args:
        operation: The operation that defines them.
        location: Their location in the request.
        sent: The request's texts by name (a header's name in lower case). Unknown names are ignored.

    Returns:
        Values by name. A missing parameter is present only if it has a default.

    Raises:
        Problem: 400; the message names the parameter and its error.
    """
    members = operation.parameters[location]
    if not members:
        return {}
    values: dict[str, Any] = {}
    for parameter in members:
        name = parameter.name.lower() if location == "header" else parameter.name
        if name in sent:
            values[name] = _convert(parameter, sent[name])
        elif parameter.default is not None:
            values[name] = parameter.default
    check(operation.parameter_validators[location], values, location)
    return values


def _convert(parameter: Parameter, texts: list[str]) -> Any:
    if "array" in parameter.types:
        parts = texts if parameter.explode else [part for text in texts for part in text.split(",")]
        return [_convert_scalar(part, parameter.items) for part in parts]
    if len(texts) > 1:
        raise Problem(400, None, f"{parameter.location}.{parameter.name}: given {len(texts)} times, takes one value")
    return _convert_scalar(texts[0], parameter.types)


def _convert_scalar(text: str, types: frozenset[str]) -> Any:
    """Return the text as the first type that fits. Other text stays text, and the validator rejects it."""
    if "integer" in types and _INTEGER.fullmatch(text):
        return int(text)
    if "number" in types and _NUMBER.fullmatch(text):
        return float(text)
    if "boolean" in types:
        # Python clients write True and False.
        return _BOOLEANS.get(text.lower(), text)
    return text


def _describe(error: jsonschema_rs.ValidationError, root: str) -> str:
    path = root + "".join(map(_format_step, error.instance_path))
    arms = getattr(error.kind, "context", None)
    if not arms:
        return f"{path}: {error.message}"
    firsts = [arm[0] for arm in arms if arm]
    deepest = max(firsts, key=lambda first: len(first.instance_path))
    if len(deepest.instance_path) > len(error.instance_path):
        return _describe(deepest, root)
    return f"{path}: {_join_messages(first.message for first in firsts)}"


def _format_step(step: str | int) -> str:
    return f"[{step}]" if isinstance(step, int) else f".{step}"


def _join_messages(messages: Iterable[str]) -> str:
    return " and ".join(dict.fromkeys(messages))
