# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from typing import Literal, cast

SpanStatusCode = Literal["STATUS_CODE_ERROR", "STATUS_CODE_OK", "STATUS_CODE_UNSET"]


def check_span_status_code(value: str) -> SpanStatusCode:
    """Take a value from an answer as it is: a newer server may know more of them than this client."""
    return cast(SpanStatusCode, value)
