# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from typing import Literal, cast

ViewType = Literal["ACTIVE_ONLY", "ALL", "DELETED_ONLY"]


def check_view_type(value: str) -> ViewType:
    """Take a value from an answer as it is: a newer server may know more of them than this client."""
    return cast(ViewType, value)
