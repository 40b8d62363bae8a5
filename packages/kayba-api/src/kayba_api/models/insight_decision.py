# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from typing import Literal, cast

InsightDecision = Literal["accepted", "rejected"]


def check_insight_decision(value: str) -> InsightDecision:
    """Take a value from an answer as it is: a newer server may know more of them than this client."""
    return cast(InsightDecision, value)
