# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from typing import Literal, cast

InsightStatus = Literal["accepted", "new", "pending", "rejected"]


def check_insight_status(value: str) -> InsightStatus:
    """Return a value unchanged: a newer server may send values that this client does not know."""
    return cast(InsightStatus, value)
