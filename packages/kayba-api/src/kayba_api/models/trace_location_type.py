# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from typing import Literal, cast

TraceLocationType = Literal["MLFLOW_EXPERIMENT"]


def check_trace_location_type(value: str) -> TraceLocationType:
    """Return a value unchanged: a newer server may send values that this client does not know."""
    return cast(TraceLocationType, value)
