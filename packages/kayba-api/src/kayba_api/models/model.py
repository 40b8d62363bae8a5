# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from typing import Literal, cast

Model = Literal["claude-opus-4-6", "claude-sonnet-4-6"]


def check_model(value: str) -> Model:
    """Take a value from an answer as it is: a newer server may know more of them than this client."""
    return cast(Model, value)
