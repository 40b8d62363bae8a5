# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from typing import Literal, cast

NonFiniteNumber = Literal["-Infinity", "Infinity", "NaN"]


def check_non_finite_number(value: str) -> NonFiniteNumber:
    """Return a value unchanged: a newer server may send values that this client does not know."""
    return cast(NonFiniteNumber, value)
