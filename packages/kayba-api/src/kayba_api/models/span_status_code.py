# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from typing import Literal, cast

SpanStatusCode = Literal["STATUS_CODE_ERROR", "STATUS_CODE_OK", "STATUS_CODE_UNSET"]


def check_span_status_code(value: str) -> SpanStatusCode:
    """Return a value unchanged: a newer server may send values that this client does not know."""
    return cast(SpanStatusCode, value)
