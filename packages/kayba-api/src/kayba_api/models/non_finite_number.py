# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from typing import Literal, cast

NonFiniteNumber = Literal["-Infinity", "Infinity", "NaN"]


def check_non_finite_number(value: str) -> NonFiniteNumber:
    """Take a value from an answer as it is: a newer server may know more of them than this client."""
    return cast(NonFiniteNumber, value)
