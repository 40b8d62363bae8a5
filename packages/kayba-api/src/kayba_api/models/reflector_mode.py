# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from typing import Literal, cast

ReflectorMode = Literal["recursive", "standard"]


def check_reflector_mode(value: str) -> ReflectorMode:
    """Take a value from an answer as it is: a newer server may know more of them than this client."""
    return cast(ReflectorMode, value)
