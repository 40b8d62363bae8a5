# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from typing import Literal, cast

InsightDecision = Literal["accepted", "rejected"]


def check_insight_decision(value: str) -> InsightDecision:
    """Return a value unchanged: a newer server may send values that this client does not know."""
    return cast(InsightDecision, value)
