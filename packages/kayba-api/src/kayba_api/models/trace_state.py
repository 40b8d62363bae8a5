# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from typing import Literal, cast

TraceState = Literal["ERROR", "IN_PROGRESS", "OK", "STATE_UNSPECIFIED"]


def check_trace_state(value: str) -> TraceState:
    """Return a value unchanged: a newer server may send values that this client does not know."""
    return cast(TraceState, value)
