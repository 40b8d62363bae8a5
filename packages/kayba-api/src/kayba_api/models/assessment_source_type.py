# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from typing import Literal, cast

AssessmentSourceType = Literal["CODE", "HUMAN", "LLM_JUDGE", "SOURCE_TYPE_UNSPECIFIED"]


def check_assessment_source_type(value: str) -> AssessmentSourceType:
    """Return a value unchanged: a newer server may send values that this client does not know."""
    return cast(AssessmentSourceType, value)
