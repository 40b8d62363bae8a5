# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from typing import Literal, cast

Model = Literal["claude-opus-4-6", "claude-sonnet-4-6"]


def check_model(value: str) -> Model:
    """Return a value unchanged: a newer server may send values that this client does not know."""
    return cast(Model, value)
