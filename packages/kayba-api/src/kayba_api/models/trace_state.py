# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from typing import Literal, cast

TraceState = Literal["ERROR", "IN_PROGRESS", "OK", "STATE_UNSPECIFIED"]


def check_trace_state(value: str) -> TraceState:
    """Take a value from an answer as it is: a newer server may know more of them than this client."""
    return cast(TraceState, value)
