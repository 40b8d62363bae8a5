# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from typing import Literal, cast

ViewType = Literal["ACTIVE_ONLY", "ALL", "DELETED_ONLY"]


def check_view_type(value: str) -> ViewType:
    """Return a value unchanged: a newer server may send values that this client does not know."""
    return cast(ViewType, value)
