# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from typing import Literal, cast

InsightStatus = Literal["accepted", "new", "pending", "rejected"]


def check_insight_status(value: str) -> InsightStatus:
    """Take a value from an answer as it is: a newer server may know more of them than this client."""
    return cast(InsightStatus, value)
