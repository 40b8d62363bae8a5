# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from typing import Literal, cast

TraceLocationType = Literal["MLFLOW_EXPERIMENT"]


def check_trace_location_type(value: str) -> TraceLocationType:
    """Take a value from an answer as it is: a newer server may know more of them than this client."""
    return cast(TraceLocationType, value)
