# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from typing import Literal, cast

ReflectorMode = Literal["recursive", "standard"]


def check_reflector_mode(value: str) -> ReflectorMode:
    """Return a value unchanged: a newer server may send values that this client does not know."""
    return cast(ReflectorMode, value)
